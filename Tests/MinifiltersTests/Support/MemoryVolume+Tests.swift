import BypassIOProtocol
import IOStack
import MemoryFileSystem
import SystemPackage

extension MemoryVolume {
    /// Makes or overwrites a file with these bytes, and closes it.
    func make(_ path: FilePath, _ bytes: [UInt8]) throws {
        let file = try volume.open(path, access: [.read, .write], disposition: .overwriteIf)
        defer { file.close() }
        if !bytes.isEmpty { try file.write(bytes, at: 0) }
    }

    /// Opens a non-cached handle.
    func open(
        _ path: FilePath, access: CreateParameters.Access = [.read, .write]
    ) throws(IOFailure) -> FileObject {
        try volume.open(path, access: access, options: .nonCached)
    }

    /// Opens a non-cached handle with bypass enabled.
    func openBypassed(_ path: FilePath) throws -> FileObject {
        let file = try open(path)
        let answer = try file.bypassIO(.enable)
        guard answer.results?.status == .success else { throw IOFailure(.notSupported) }
        return file
    }
}

extension FileObject {
    /// The number of reads so far that took a route.
    func reads(_ route: ReadRoute) -> UInt64 { readsByRoute[route, default: 0] }

    /// The route of one read of `length` bytes at `offset`.
    func routeOfRead(at offset: UInt64 = 0, length: Int = 16) throws -> ReadRoute? {
        let before = readsByRoute
        _ = try read(at: offset, length: length)
        return readsByRoute.first { $0.value != before[$0.key] }?.key
    }

    /// The verdict of an ENABLE or QUERY.
    func verdict(_ operation: BypassIOOperation = .query) throws -> BypassIOResults {
        guard let results = try bypassIO(operation).results else {
            throw IOFailure(.invalidDeviceRequest)
        }
        return results
    }
}
