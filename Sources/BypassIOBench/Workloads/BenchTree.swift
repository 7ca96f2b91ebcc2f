import Foundation
import Glibc
package import SystemPackage

/// The files that the workloads use, below one directory.
package struct BenchTree: Sendable {
    package enum Part: CaseIterable, Sendable {
        case data, small, many, work
    }

    static let smallSize = 4096
    private static let seed: UInt64 = 0x6279_7061_7373_696F
    private static let chunkSize = 1 << 20

    package let root: FilePath
    let sizes: BenchSizes

    package init(root: FilePath, sizes: BenchSizes) {
        self.root = root
        self.sizes = sizes
    }

    var data: FilePath { root.appending("data") }
    var many: FilePath { root.appending("many") }
    var small: [FilePath] { names("small", sizes.smallFiles) }
    var work: FilePath { root.appending("work") }

    /// The files that a pass makes in a directory.
    func worked(in folder: FilePath) -> [FilePath] {
        (0..<sizes.created).map { folder.appending("file-\($0)") }
    }

    private func names(_ folder: String, _ count: Int) -> [FilePath] {
        let folder = root.appending(folder)
        return (0..<count).map { folder.appending("file-\($0)") }
    }

    /// Makes the files of these parts. Throws a ``BenchError``.
    package func prepare(_ parts: Set<Part>) throws {
        do {
            if parts.contains(.data) { try writeData() }
            if parts.contains(.small) {
                try makeFolder("small")
                try fill(small, size: Self.smallSize)
            }
            if parts.contains(.many) {
                try makeFolder("many")
                try fill(names("many", sizes.entries), size: 0)
            }
            if parts.contains(.work) { try makeFolder("work") }
        } catch let error as Errno {
            throw BenchError(
                .folder,
                "\(root) cannot be filled (\(error)): name another folder with --folder FOLDER.")
        }
    }

    private func makeFolder(_ name: String) throws(Errno) {
        let path = root.appending(name)
        let result = unsafe path.withPlatformString { unsafe mkdir($0, 0o755) }
        guard result == 0 else { throw Errno(rawValue: errno) }
    }

    /// Random bytes, so that no layer below can compress them or leave them out.
    private func writeData() throws {
        let file = try Self.create(data)
        try file.closeAfter {
            var random = SplitMix64(seed: Self.seed)
            var chunk = [UInt8](repeating: 0, count: Self.chunkSize)
            for _ in stride(from: 0, to: sizes.data, by: Self.chunkSize) {
                try Interruption.check()
                random.fill(&chunk)
                try file.writeAll(chunk)
            }
            // Bytes still in memory would be written out during the passes.
            guard fsync(file.rawValue) == 0 else { throw Errno(rawValue: errno) }
        }
    }

    private func fill(_ paths: [FilePath], size: Int) throws {
        let content = [UInt8](repeating: 0x5A, count: size)
        for path in paths {
            try Interruption.check()
            let file = try Self.create(path)
            try file.closeAfter { if size > 0 { try file.writeAll(content) } }
        }
        sync()
    }

    static func create(_ path: FilePath) throws -> FileDescriptor {
        try FileDescriptor.open(
            path, .writeOnly, options: [.create, .exclusiveCreate, .closeOnExec],
            permissions: [.ownerReadWrite, .groupRead, .otherRead])
    }
}

/// The directories in which one route makes and removes files. Each is used for one pass of each.
///
/// Removing files is a workload of its own: ext4 without a journal does not reuse the inodes of
/// removed files for some minutes (fs/ext4/ialloc.c, recently_deleted) and searches past them. So
/// creating right after removing would measure that search.
final class WorkFolders {
    private let name: String
    private var serial = 0
    private var filled: [FilePath] = []

    /// `route` tells them from other routes' in the same place.
    init(route: String) {
        name = route.filter { $0.isASCII && ($0.isLetter || $0.isNumber) }
    }

    /// A new directory, and the names for its files.
    func new(in tree: BenchTree) throws(Errno) -> [FilePath] {
        serial += 1
        let folder = tree.work.appending("\(name)-\(serial)")
        let result = unsafe folder.withPlatformString { unsafe mkdir($0, 0o755) }
        guard result == 0 else { throw Errno(rawValue: errno) }
        filled.append(folder)
        return tree.worked(in: folder)
    }

    /// The files of a filled directory; nil if there is none left.
    func take(in tree: BenchTree) -> [FilePath]? {
        filled.popLast().map(tree.worked)
    }
}
