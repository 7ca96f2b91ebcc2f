import BypassIOProtocol
import IOStack
import MemoryFileSystem
import SystemPackage

/// What really lies below the service, seen past it.
final class Truth {
    private let volume: Volume
    // Keeps the volume mounted.
    private let manager = IOManager()

    init(_ below: MemoryFileSystem) {
        volume = manager.mount(below, named: "truth", storage: below.disk)
    }

    func makeDirectory() throws(IOFailure) {
        try volume.open(
            CreateParameters(
                path: "d", access: [], disposition: .create, kind: .directory,
                options: .attributesOnly)
        ).close()
    }

    /// The file of a path; nil: there is none.
    func inode(of path: String) -> UInt64? {
        guard
            let file = try? volume.open(
                CreateParameters(path: FilePath(path), access: [], options: .attributesOnly))
        else { return nil }
        defer { file.close() }
        return file.stream.id.inode
    }

    /// All bytes of a file; nil: it is gone.
    func bytes(of inode: UInt64, device: UInt64) -> [UInt8]? {
        var parameters = CreateParameters(path: "", access: .read)
        parameters.fileID = FileID(device: device, inode: inode)
        guard let file = try? volume.open(parameters) else { return nil }
        defer { file.close() }
        return try? file.read(at: 0, length: FileModel.limit)
    }

    /// All files belong to it.
    var device: UInt64 {
        guard
            let root = try? volume.open(
                CreateParameters(path: "", access: [], options: .attributesOnly))
        else { return 0 }
        defer { root.close() }
        return root.stream.id.device
    }
}
