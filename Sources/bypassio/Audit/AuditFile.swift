import Foundation
import LinuxKit
import Minifilters
import SystemPackage

/// One file of records and those that it had before, `FILE.1` the newest of them.
///
/// It belongs to one thread at a time. Several processes may write one file: each locks it for what
/// it writes, and goes on where the other ended.
final class AuditFile: AuditDestination, @unchecked Sendable {
    struct Limits: Sendable {
        /// Bytes, after which the file is renamed and a new one begun.
        var size = 64 << 20
        /// Older files that are kept.
        var kept = 8
    }

    /// Of records about the trail itself.
    static let notes = ["begun", "resumed", "rotated", "lost"]

    /// Lines are put together up to so many bytes.
    private static let piece = 1 << 20

    private let path: String
    private let limits: Limits
    private let complain: @Sendable (String) -> Void
    private var file: FileDescriptor
    /// Of the file that is written, so that one in its place is found.
    private var inode: UInt64
    private var place: AuditPlace
    /// Bytes of the file.
    private var size: Int
    /// Records that could not be written.
    private var lost: UInt64 = 0
    private var hasComplained = false
    /// The file has its size, and stays the one that is written.
    private var isStuck = false
    /// Records are gone that were there.
    private var isCut = false

    /// - Parameter complain: gets a sentence when the file cannot be written, or is not what was
    ///   written.
    init(
        _ path: String, _ limits: Limits, complain: @escaping @Sendable (String) -> Void
    ) throws {
        self.path = path
        self.limits = limits
        self.complain = complain
        let end = try AuditFileEnd(path)
        place = AuditPlace(after: end.hash, number: end.number)
        size = end.size
        do {
            file = try Self.open(path)
            inode = try SystemCall.status(of: file).inode
        } catch {
            throw CommandError(.cannotCreate, "The audit \(path) cannot be written: \(error).")
        }
        locked {
            if end.isTorn { endLine() }
            note(end.size == 0 ? "begun" : "resumed")
        }
    }

    deinit { try? file.close() }

    private static func open(_ path: String) throws -> FileDescriptor {
        try FileDescriptor.open(
            ArgumentPath.path(path), .writeOnly, options: [.append, .create, .closeOnExec],
            permissions: .ownerReadWrite)
    }

    // MARK: Among others

    private func locked(_ body: () -> Void) {
        try? SystemCall.lockWhole(file, .exclusive, waiting: true)
        // Whoever has the lock may have begun another file by that name.
        while let next = replacement() {
            try? file.close()
            (file, inode) = next
            try? SystemCall.lockWhole(file, .exclusive, waiting: true)
        }
        defer { try? SystemCall.lockWhole(file, .none, waiting: true) }
        follow()
        body()
    }

    /// The file that has the name now, if that is another.
    private func replacement() -> (FileDescriptor, UInt64)? {
        let present = try? SystemCall.status(of: ArgumentPath.path(path), followingLinks: true)
        guard present?.inode != inode, let next = try? Self.open(path) else { return nil }
        guard let status = try? SystemCall.status(of: next) else {
            try? next.close()
            return nil
        }
        // Without a file by the name nobody rotated it.
        if present == nil { wasTaken("removed") }
        return (next, status.inode)
    }

    /// Goes on behind what others wrote. Where another program took records away the chain goes on
    /// as if they were there, so that they are missed.
    private func follow() {
        let present = (try? SystemCall.status(of: file)).map { Int($0.size) } ?? size
        if present != size {
            let end = try? AuditFileEnd(path)
            if let end, end.number >= place.number {
                place = AuditPlace(after: end.hash, number: end.number)
                size = end.size
            } else {
                wasTaken("cut")
                size = present
            }
            if end?.isTorn == true { endLine() }
        }
        if isCut {
            isCut = false
            note("resumed")
        }
    }

    private func wasTaken(_ how: String) {
        isCut = true
        size = 0
        complain("The audit \(path) was \(how) by another program.")
    }

    // MARK: Records

    func append(_ operations: [TimedOperation], lost: UInt64) {
        locked {
            self.lost += lost
            var rest = operations[...]
            while !rest.isEmpty { rest = write(someOf: rest) }
            if self.lost > 0 {
                let count = self.lost
                if note("lost", { $0.field("count", count) }) { self.lost = 0 }
            }
        }
    }

    /// Writes as many as make a piece; returns those that are left.
    private func write(someOf operations: ArraySlice<TimedOperation>) -> ArraySlice<TimedOperation>
    {
        var text: [UInt8] = []
        var next = place
        var rest = operations
        while let (operation, time) = rest.first, text.count < Self.piece {
            next.write(operation, at: time, to: &text)
            rest = rest.dropFirst()
        }
        if !write(text, then: next) { lost += UInt64(operations.count - rest.count) }
        return rest
    }

    /// A record about the trail itself.
    @discardableResult
    private func note(_ operation: String, _ more: (inout AuditLine) -> Void = { _ in }) -> Bool {
        var next = place
        let line = next.note(operation, more)
        return write(line, then: next)
    }

    private func endLine() { _ = write([UInt8(ascii: "\n")], then: place) }

    /// Writes all of it, or nothing.
    ///
    /// - Parameter next: the place behind it.
    private func write(_ bytes: [UInt8], then next: AuditPlace) -> Bool {
        do {
            _ = try file.writeAll(bytes)
        } catch {
            try? file.resize(to: Int64(size))
            if !hasComplained { complain("The audit \(path) cannot be written: \(error).") }
            hasComplained = true
            return false
        }
        hasComplained = false
        place = next
        size += bytes.count
        if size >= limits.size { rotate() }
        return true
    }

    private func rotate() {
        moveAway()
        guard let next = try? Self.open(path) else {
            return complain("The audit \(path) cannot be begun anew; it goes on in \(path).1.")
        }
        guard let begun = try? SystemCall.status(of: next).inode, begun != inode else {
            // Nothing moved. A lock on the same file would wait for the lock that is held.
            try? next.close()
            if !isStuck {
                complain("The audit \(path) cannot be rotated: it goes on growing.")
            }
            isStuck = true
            return
        }
        isStuck = false
        size = 0
        // Before others see that the lock on the old one is free.
        try? SystemCall.lockWhole(next, .exclusive, waiting: true)
        try? file.close()
        (file, inode) = (next, begun)
        note("rotated")
    }

    /// Gives the file another name, and older ones the next. Where it cannot be renamed, they stay:
    /// the oldest would be lost, and again at each attempt.
    private func moveAway() {
        guard limits.kept > 0 else {
            try? SystemCall.unlink(ArgumentPath.path(path))
            return
        }
        let between = "\(path).0"
        // Left by a process that was killed here.
        if FileManager.default.fileExists(atPath: between) { moveOlder() }
        if Self.rename(path, to: between) { moveOlder() }
    }

    private func moveOlder() {
        for number in stride(from: limits.kept - 1, through: 0, by: -1) {
            Self.rename("\(path).\(number)", to: "\(path).\(number + 1)")
        }
    }

    @discardableResult
    private static func rename(_ path: String, to newPath: String) -> Bool {
        do {
            try SystemCall.rename(
                ArgumentPath.path(path), at: nil, to: ArgumentPath.path(newPath), at: nil)
            return true
        } catch {
            return false
        }
    }
}

/// Where an audit's file ends, so that the next record follows from its last.
struct AuditFileEnd {
    var hash = AuditChain.start
    var number: UInt64 = 0
    /// Bytes.
    var size = 0
    /// The last line has no end: whoever wrote it was killed.
    var isTorn = false

    /// No line is longer.
    private static let longest = 64 << 10

    /// Throws a ``CommandError`` for what is no audit, so that nothing else is written to.
    init(_ path: String) throws {
        guard FileManager.default.fileExists(atPath: path) else { return }
        // A device may have no end.
        let kind = try? FileManager.default.attributesOfItem(
            atPath: URL(fileURLWithPath: path).resolvingSymlinksInPath().path)[.type]
        guard kind as? FileAttributeType == .typeRegular else {
            throw CommandError(.cannotCreate, "\(path) is no regular file: name one for the audit.")
        }
        guard let handle = FileHandle(forReadingAtPath: path),
            let end = try? handle.seekToEnd(), end > 0
        else { return }
        size = Int(end)
        try? handle.seek(toOffset: end - min(end, UInt64(Self.longest)))
        let tail = [UInt8]((try? handle.readToEnd()) ?? Data())
        isTorn = tail.last != UInt8(ascii: "\n")
        var lines = tail.split(separator: UInt8(ascii: "\n"))
        if isTorn { _ = lines.popLast() }
        guard let last = lines.last(where: { AuditChain.parts(of: $0) != nil }),
            let parts = AuditChain.parts(of: last),
            let record = AuditRecordLine(last)
        else {
            throw CommandError(
                .malformed, "\(path) is no audit of bypassio: name a file that is not there yet.")
        }
        (hash, number) = (parts.hash, record.number)
    }
}
