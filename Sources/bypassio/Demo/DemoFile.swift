import BypassIOBench
import Foundation
import SystemPackage
import Terminal

/// The demo's data: a file of pseudo-random bytes, written once.
struct DemoFile {
    static let seed: UInt64 = 0x6279_7061_7373_696F
    private static let chunkSize = 1 << 20

    let folder: FilePath
    let name: FilePath
    /// In bytes; a multiple of 1 MiB.
    let size: UInt64

    init(folder: FilePath, name: FilePath? = nil, size: UInt64) {
        self.folder = folder
        self.name = name ?? FilePath("demo-\(size >> 20)MiB.data")
        self.size = size
    }

    var path: FilePath { folder.pushing(name) }

    /// Writes the file unless a whole one is there. A run that was stopped leaves only a file of
    /// another name, which the next run overwrites.
    func prepare() throws {
        if isWhole { return }
        let partial = FilePath(path.string + ".partial")
        do {
            let descriptor = try FileDescriptor.open(
                partial, .writeOnly, options: [.create, .truncate, .closeOnExec],
                permissions: .ownerReadWrite)
            try descriptor.closeAfter { try fill(descriptor) }
            try FileManager.default.removeIfPresent(path.string)
            try FileManager.default.moveItem(atPath: partial.string, toPath: path.string)
        } catch {
            try? FileManager.default.removeIfPresent(partial.string)
            throw CommandError(
                .cannotCreate,
                "\(path) cannot be written (\(Self.cause(error))): "
                    + "it needs \(size >> 20) MiB; name another folder with --cache FOLDER.")
        }
    }

    private static func cause(_ error: any Error) -> String {
        (error as? Errno)?.description ?? error.localizedDescription
    }

    private var isWhole: Bool {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path.string)
        return (attributes?[.size] as? NSNumber)?.uint64Value == size
    }

    private func fill(_ descriptor: FileDescriptor) throws {
        var bar = ProgressBar("Writing \(path)", total: size)
        defer { bar.finish() }
        var random = SplitMix64(seed: Self.seed)
        var chunk = [UInt8](repeating: 0, count: Self.chunkSize)
        for written in stride(from: 0, to: size, by: Self.chunkSize) {
            random.fill(&chunk)
            try descriptor.writeAll(chunk)
            bar.show(written + UInt64(Self.chunkSize))
        }
        // What is still in memory when the passes begin would be written out beside them.
        guard fsync(descriptor.rawValue) == 0 else { throw Errno(rawValue: errno) }
    }
}

extension FileManager {
    fileprivate func removeIfPresent(_ path: String) throws {
        if fileExists(atPath: path) { try removeItem(atPath: path) }
    }
}
