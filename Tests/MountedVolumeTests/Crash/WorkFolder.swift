import CPosixCalls
import Foundation

/// A small tree and the calls of swept workloads on it: `a/foo` of two pages, `b/bar` of one. A
/// file that a step opened stays open.
final class WorkFolder {
    static let append: Int32 = 0o2000
    static let synchronousData: Int32 = 0o10000
    static let direct: Int32 = 0o40000
    private static let attribute = "user.step"

    let root: String
    private var file: RawFile?
    private var memory: MappedMemory?
    private var appends = false
    /// Has writes go page by page, and is called after each: a process that is killed within
    /// write(2) leaves whole pages of it.
    var afterPage: (() throws -> Void)?

    init(_ root: String) { self.root = root }

    static func make(_ root: String) throws {
        let folder = WorkFolder(root)
        try folder.makeDirectory("a")
        try folder.makeDirectory("b")
        for (name, count) in [("a/foo", 8192), ("b/bar", 4096)] {
            try folder.create(name)
            try folder.write(100, at: 0, count: count)
        }
    }

    private func path(_ name: String) -> String { "\(root)/\(name)" }

    private func check(_ answer: Int64, _ call: String = #function) throws {
        guard answer >= 0 else { throw TestError("\(call) in \(root): \(answer)") }
    }

    private func opened() throws -> RawFile {
        guard let file else { throw TestError("no step opened a file") }
        return file
    }

    // MARK: Bytes

    func open(_ name: String, _ flags: Int32 = 0) throws {
        appends = flags & Self.append != 0
        file = try RawFile(path(name), RawFile.readWrite | flags)
    }

    func create(_ name: String) throws {
        // O_EXCL: no earlier step made it.
        file = try RawFile(path(name), RawFile.readWrite | RawFile.create | 0o200)
    }

    /// With O_APPEND, at the end.
    func write(_ value: UInt8, at offset: Int64, count: Int) throws {
        // Memory at a page's begin, as O_DIRECT needs it.
        let memory = try MappedMemory(nil, length: 16384, writable: true)
        for start in Swift.stride(from: 0, to: count, by: 4096) {
            let bytes = [UInt8](repeating: value, count: min(4096, count - start))
            try check(unsafe call_memory_write(memory.address + start, bytes, bytes.count))
        }
        guard let afterPage else { return try put(memory, count, at: offset) }
        var done = 0
        while done < count {
            let size = try Int(opened().status().size)
            let place = appends ? size : Int(offset) + done
            let piece = min(count - done, 4096 - place % 4096)
            try put(memory, piece, at: Int64(place))
            done += piece
            try afterPage()
        }
    }

    private func put(_ memory: MappedMemory, _ count: Int, at offset: Int64) throws {
        let answer = unsafe call_pwrite(try opened().descriptor, memory.address, count, offset)
        try check(answer)
        guard answer == count else { throw TestError("write: \(answer) of \(count) bytes") }
    }

    /// Stores through a mapping, and msync(2) with MS_SYNC.
    func store(_ value: UInt8, count: Int) throws {
        let mapped =
            try memory
            ?? MappedMemory(
                try opened().descriptor, length: 8192, writable: true)
        memory = mapped
        let bytes = [UInt8](repeating: value, count: count)
        try check(unsafe call_memory_write(mapped.address, bytes, count))
        try check(unsafe call_msync(mapped.address, 8192, 4))
    }

    func truncate(_ size: Int64) throws { try check(call_ftruncate(opened().descriptor, size)) }

    func truncateName(_ name: String, _ size: Int64) throws {
        try check(unsafe call_truncate(path(name), size))
    }

    func allocate(_ mode: Int32, _ offset: Int64, _ length: Int64) throws {
        try check(call_fallocate(opened().descriptor, mode, offset, length))
    }

    func sync() throws { try check(call_fsync(opened().descriptor)) }
    func syncData() throws { try check(call_fdatasync(opened().descriptor)) }

    func sync(_ directory: String) throws {
        let folder = try RawFile(path(directory))
        try check(withExtendedLifetime(folder) { call_fsync(folder.descriptor) })
    }

    // MARK: Names

    /// - Parameter flags: 2 exchanges the two.
    func rename(_ from: String, _ to: String, _ flags: UInt32 = 0) throws {
        try check(unsafe call_rename(path(from), path(to), flags))
    }

    func unlink(_ name: String) throws { try check(unsafe call_unlink(path(name))) }

    func link(_ from: String, _ to: String) throws {
        try check(unsafe call_link(path(from), path(to), 0))
    }

    func symbolicLink(_ name: String) throws {
        try check(unsafe call_symlink("target", path(name)))
    }

    func makeDirectory(_ name: String) throws {
        try check(unsafe call_mkdir(path(name), 0o755))
    }

    func removeDirectory(_ name: String) throws { try check(unsafe call_rmdir(path(name))) }

    func changeMode(_ name: String, _ mode: UInt32) throws {
        try check(unsafe call_chmod(path(name), mode))
    }

    func setAttribute(_ name: String, _ value: UInt8) throws {
        try check(unsafe call_setxattr(path(name), Self.attribute, [value], 1, 0))
    }

    static func attribute(of path: String) -> UInt8? {
        guard let file = try? RawFile(path) else { return nil }
        var value: UInt8 = 0
        return unsafe call_fgetxattr(file.descriptor, attribute, &value, 1) == 1 ? value : nil
    }
}

/// All that a small tree holds, without times.
struct FolderState: Equatable, CustomStringConvertible {
    private let entries: [String]

    init(_ root: String) throws {
        let names = try FileManager.default.subpathsOfDirectory(atPath: root).sorted()
        entries = try names.map { name in
            let path = "\(root)/\(name)"
            if let target = try? FileManager.default.destinationOfSymbolicLink(atPath: path) {
                return "\(name) leads to \(target)"
            }
            let status = try RawFile.status(of: path)
            var line = "\(name) \(String(status.mode, radix: 8)) links \(status.links)"
            guard status.mode & 0o170000 == 0o100000 else { return line }
            let bytes = [UInt8](FileManager.default.contents(atPath: path) ?? Data())
            var runs: [(value: UInt8, count: Int)] = []
            for byte in bytes {
                if runs.last?.value == byte {
                    runs[runs.count - 1].count += 1
                } else {
                    runs.append((byte, 1))
                }
            }
            line += " bytes " + runs.map { "\($0.count)*\($0.value)" }.joined(separator: " ")
            return line + (WorkFolder.attribute(of: path).map { " attribute \($0)" } ?? "")
        }
    }

    var description: String { entries.joined(separator: "; ") }
}
