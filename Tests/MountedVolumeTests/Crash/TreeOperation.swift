import CPosixCalls
import Foundation
import Testing

/// One step of a workload on a small tree: `a/foo` of two pages, `a/old0`, `a/old1`, and `b`.
enum TreeOperation: String, CaseIterable, Sendable {
    case create, write, append, mapped, truncate, rename, replace, link, unlink, attribute
    case allocate, makeDirectory, symbolicLink, mode
    case extend, punch
    /// These make last what they do: O_DSYNC, msync(2), and a file that replaces another after its
    /// fsync(2), with one of the directory.
    case writeThrough, mappedSynced, replaceSynced

    static let lasting: [TreeOperation] = [.writeThrough, .mappedSynced, .replaceSynced]

    /// Changes of a file's bytes and size, which fdatasync(2) makes last.
    static let ofBytes: [TreeOperation] = [
        .write, .append, .mapped, .truncate, .allocate, .extend, .punch,
    ]

    /// Returns the file or directory that fsync(2) makes last with what the step changed.
    func run(in tree: inout WorkTree) throws -> String {
        tree.step += 1
        let step = tree.step
        let value = UInt8(step)
        switch self {
        case .create:
            return try tree.write("a/new\(step)", value, at: 0, count: 5000)
        case .write: return try tree.write(tree.file, value, at: 100, count: 4000)
        case .append: return try tree.write(tree.file, value, at: nil, count: 3000)
        case .mapped: return try tree.store(tree.file, value, count: 3000)
        case .truncate:
            try tree.check(unsafe call_truncate(tree.path(tree.file), 3000), "truncate")
            return tree.file
        case .rename:
            try tree.rename(tree.file, "b/foo\(step)")
            tree.file = "b/foo\(step)"
            return tree.file
        case .replace:
            _ = try tree.write("a/temporary", value, at: 0, count: 6000)
            try tree.rename("a/temporary", tree.file)
            return tree.file
        case .link:
            let (from, to) = (tree.path(tree.file), tree.path("b/link\(step)"))
            try tree.check(unsafe call_link(from, to, 0), "link")
            return "b/link\(step)"
        case .unlink:
            try tree.check(unsafe call_unlink(tree.path("a/old\(step - 1)")), "unlink")
            return "a"
        case .extend, .punch, .writeThrough, .mappedSynced, .replaceSynced:
            return try runOnBytes(in: &tree, value)
        default: return try runRare(in: &tree, value)
        }
    }

    private func runOnBytes(in tree: inout WorkTree, _ value: UInt8) throws -> String {
        switch self {
        case .extend: try tree.allocate(0, 6000, 9000)
        case .punch: try tree.allocate(3, 1000, 5000)
        case .writeThrough:
            // O_DSYNC.
            return try tree.write(tree.file, value, at: 300, count: 4000, flags: 0o10000)
        case .mappedSynced: return try tree.store(tree.file, value, count: 2500, syncs: true)
        default:
            _ = try tree.write("a/temporary", value, at: 0, count: 7000)
            try tree.sync("a/temporary")
            try tree.rename("a/temporary", tree.file)
            try tree.sync(String(tree.file.prefix(1)))
        }
        return tree.file
    }

    private func runRare(in tree: inout WorkTree, _ value: UInt8) throws -> String {
        let file = tree.path(tree.file)
        switch self {
        case .attribute:
            try tree.check(
                unsafe call_setxattr(file, WorkTree.attribute, [value], 1, 0), "setxattr")
        case .allocate: try tree.allocate(0, 16384, 4096)
        case .makeDirectory:
            try tree.check(unsafe call_mkdir(tree.path("a/directory"), 0o750), "mkdir")
            return "a"
        case .symbolicLink:
            try tree.check(unsafe call_symlink("target", tree.path("a/symbolic")), "symlink")
            return "a"
        default: try tree.check(unsafe call_chmod(file, 0o600), "chmod")
        }
        return tree.file
    }
}

/// The tree of a workload, on the mount or in SOURCE.
struct WorkTree {
    static let attribute = "user.step"

    let root: String
    /// Where the file is now that was `a/foo`.
    var file = "a/foo"
    /// How many steps were made.
    var step = 0

    init(_ root: String) { self.root = root }

    func path(_ name: String) -> String { "\(root)/\(name)" }

    func check(_ answer: Int64, _ call: String) throws {
        guard answer >= 0 else { throw TestError("\(call) in \(root): \(answer)") }
    }

    /// Makes what workloads begin with.
    func make() throws {
        for name in ["a", "b"] { try check(unsafe call_mkdir(path(name), 0o755), "mkdir") }
        _ = try write("a/foo", 7, at: 0, count: 8192)
        for name in ["a/old0", "a/old1"] { _ = try write(name, 8, at: 0, count: 100) }
        let answer = try withExtendedLifetime(RawFile(root)) { call_syncfs($0.descriptor) }
        try check(answer, "syncfs")
    }

    /// - Parameter offset: nil appends.
    func write(
        _ name: String, _ value: UInt8, at offset: Int64?, count: Int, flags: Int32 = 0
    ) throws -> String {
        let file = try RawFile(path(name), RawFile.readWrite | RawFile.create | flags)
        let bytes = [UInt8](repeating: value, count: count)
        let place = try offset ?? Int64(file.status().size)
        try check(unsafe call_pwrite(file.descriptor, bytes, count, place), "pwrite")
        return name
    }

    func allocate(_ mode: Int32, _ offset: Int64, _ length: Int64) throws {
        let open = try RawFile(path(file), RawFile.readWrite)
        let answer = withExtendedLifetime(open) {
            call_fallocate(open.descriptor, mode, offset, length)
        }
        try check(answer, "fallocate")
    }

    func store(
        _ name: String, _ value: UInt8, count: Int, syncs: Bool = false
    ) throws -> String {
        let file = try RawFile(path(name), RawFile.readWrite)
        let memory = try MappedMemory(file.descriptor, length: 4096, writable: true)
        let bytes = [UInt8](repeating: value, count: count)
        try check(unsafe call_memory_write(memory.address, bytes, count), "store")
        // MS_SYNC.
        if syncs { try check(unsafe call_msync(memory.address, 4096, 4), "msync") }
        return name
    }

    func rename(_ from: String, _ to: String) throws {
        try check(unsafe call_rename(path(from), path(to), 0), "rename")
    }

    func sync(_ name: String) throws {
        let answer = try withExtendedLifetime(RawFile(path(name))) { call_fsync($0.descriptor) }
        try check(answer, "fsync")
    }

    func syncData(_ name: String) throws {
        let file = try RawFile(path(name))
        let answer = withExtendedLifetime(file) { call_fdatasync(file.descriptor) }
        try check(answer, "fdatasync")
    }

    /// What fsync(2) promises of a file or directory.
    func state(_ name: String) throws -> SyncedState {
        let file = try RawFile(path(name))
        let status = try file.status()
        var value: UInt8 = 0
        let hasValue = unsafe call_fgetxattr(file.descriptor, Self.attribute, &value, 1) == 1
        guard status.mode & 0o170000 != 0o040000 else {
            let names = try FileManager.default.contentsOfDirectory(atPath: path(name))
            return SyncedState(mode: status.mode, names: names.sorted())
        }
        var bytes = [UInt8](repeating: 0, count: Int(status.size))
        let count = unsafe call_pread(file.descriptor, &bytes, bytes.count, 0)
        return SyncedState(
            mode: status.mode, links: status.links, bytes: Array(bytes.prefix(Int(max(count, 0)))),
            attribute: hasValue ? value : nil)
    }
}

/// A file or directory, as far as fsync(2) makes it last.
struct SyncedState: Equatable, CustomStringConvertible {
    var mode: UInt32
    var links: UInt32 = 0
    var bytes: [UInt8] = []
    var attribute: UInt8?
    var names: [String] = []

    /// As far as fdatasync(2), O_DSYNC and msync(2) make it last.
    var bytesAlone: SyncedState { SyncedState(mode: 0, bytes: bytes) }

    var description: String {
        let runs = bytes.reduce(into: [(value: UInt8, count: Int)]()) { runs, byte in
            if let last = runs.last, last.value == byte {
                runs[runs.count - 1].count += 1
            } else {
                runs.append((byte, 1))
            }
        }
        return "mode \(String(mode, radix: 8)) links \(links) bytes \(runs) "
            + "attribute \(attribute.map(String.init) ?? "none") names \(names)"
    }
}
