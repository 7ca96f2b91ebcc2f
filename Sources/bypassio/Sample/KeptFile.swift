import BypassIOBench
import Foundation
import SystemPackage
import Terminal

/// A file of pseudo-random bytes that is written once and kept between runs.
struct KeptFile {
    private static let seed: UInt64 = 0x6279_7061_7373_696F
    private static let chunkSize = 1 << 20

    let folder: FilePath
    let name: FilePath
    /// In bytes; a multiple of 1 MiB.
    let size: UInt64

    var path: FilePath { folder.pushing(name) }

    /// Writes the file unless it is there and complete. An interrupted run leaves only a file of
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
        } catch let error as BenchError {
            // A signal ended it: the folder is usable.
            try? FileManager.default.removeIfPresent(partial.string)
            throw error
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
            try Interruption.check()
            random.fill(&chunk)
            try descriptor.writeAll(chunk)
            bar.show(written + UInt64(Self.chunkSize))
        }
        // Data still in memory would be written out during the passes.
        guard fsync(descriptor.rawValue) == 0 else { throw Errno(rawValue: errno) }
    }
}

/// The folder of kept files.
struct CacheFolder {
    let path: FilePath

    /// `named`, or bypassio under XDG_CACHE_HOME or ~/.cache; made if it is missing.
    init(_ named: String?) throws {
        let wanted = named ?? Self.standard
        do {
            try FileManager.default.createDirectory(
                atPath: wanted, withIntermediateDirectories: true)
        } catch {
            throw CommandError(
                .cannotCreate,
                "The folder \(wanted) cannot be made: name another with --cache FOLDER.")
        }
        path = FilePath(wanted)
    }

    private static var standard: String {
        let environment = ProcessInfo.processInfo.environment
        if let cache = environment["XDG_CACHE_HOME"], cache.hasPrefix("/") {
            return cache + "/bypassio"
        }
        return (environment["HOME"] ?? NSTemporaryDirectory()) + "/.cache/bypassio"
    }
}

extension FileManager {
    fileprivate func removeIfPresent(_ path: String) throws {
        if fileExists(atPath: path) { try removeItem(atPath: path) }
    }
}

/// The files of the sample: one that can bypass, one that cannot, and an explanation of both.
struct SampleFolder {
    static let large = "level1.pak"
    static let sparse = "sparse.img"
    private static let largeSize: UInt64 = 64 << 20

    let path: FilePath

    /// Makes the missing files.
    init(_ folder: FilePath) throws {
        path = folder.appending("sample")
        do {
            try FileManager.default.createDirectory(
                atPath: path.string, withIntermediateDirectories: true)
            try Data("The files of `bypassio sample`.\n".utf8)
                .write(to: URL(fileURLWithPath: path.appending("README.txt").string))
            let sparse = try FileDescriptor.open(
                path.appending(Self.sparse), .readWrite, options: [.create, .closeOnExec],
                permissions: [.ownerReadWrite, .groupRead, .otherRead])
            try sparse.closeAfter { try sparse.resize(to: 16 << 20) }
        } catch {
            throw CommandError(
                .cannotCreate,
                "\(path) cannot be written (\(error)): name another folder with --cache FOLDER.")
        }
        try KeptFile(folder: path, name: FilePath(Self.large), size: Self.largeSize).prepare()
    }
}
