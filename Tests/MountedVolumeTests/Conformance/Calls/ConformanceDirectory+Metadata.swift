import CPosixCalls
import Foundation

/// Modes, owners and attributes of a name.
extension ConformanceDirectory {
    @discardableResult
    func chmod(_ name: FileName, _ mode: UInt32) -> Answer {
        note("chmod \(name) \(octal(mode))", answer: unsafe call_chmod(name.bytes, mode))
    }

    /// fchmodat2(2); AT_SYMLINK_NOFOLLOW on a link answers EOPNOTSUPP.
    @discardableResult
    func chmodNoFollow(_ name: FileName, _ mode: UInt32) -> Answer {
        note(
            "chmod \(name) \(octal(mode)) not following",
            answer: unsafe call_fchmodat2(name.bytes, mode, CALL_AT_SYMLINK_NOFOLLOW))
    }

    /// nil leaves the owner or the group as it is.
    @discardableResult
    func chown(_ name: FileName, _ user: UInt32?, _ group: UInt32?) -> Answer {
        note(
            "chown \(name) \(text(user)):\(text(group))",
            answer: unsafe call_chown(name.bytes, user ?? .max, group ?? .max))
    }

    @discardableResult
    func lchown(_ name: FileName, _ user: UInt32?, _ group: UInt32?) -> Answer {
        note(
            "lchown \(name) \(text(user)):\(text(group))",
            answer: unsafe call_lchown(name.bytes, user ?? .max, group ?? .max))
    }

    @discardableResult
    func access(_ name: FileName, _ mode: AccessMode) -> Answer {
        note("access \(name) \(mode)", answer: unsafe call_access(name.bytes, mode.rawValue))
    }

    /// faccessat2(2); `flags` are AT_*.
    @discardableResult
    func faccessat(_ name: FileName, _ mode: AccessMode, flags: Int32) -> Answer {
        note(
            "faccessat \(name) \(mode) flags \(flags)",
            answer: unsafe call_faccessat2(name.bytes, mode.rawValue, flags))
    }

    @discardableResult
    func truncate(_ name: FileName, _ length: Int64) -> Answer {
        note("truncate \(name) \(length)", answer: unsafe call_truncate(name.bytes, length))
    }

    /// Type, mode, owner, links and size.
    func stat(_ name: FileName) { status("stat", name, flags: 0) }
    func lstat(_ name: FileName) { status("lstat", name, flags: CALL_AT_SYMLINK_NOFOLLOW) }

    private func status(_ what: String, _ name: FileName, flags: Int32) {
        switch FileStatus.of(name, flags: flags) {
        case .success(let status): note("\(what) \(name)", status.text)
        case .failure(let failure): note("\(what) \(name)", failure.answer)
        }
    }

    /// Records a fact of a name's status that is the same everywhere.
    func fact(
        _ what: String, of name: FileName, _ body: (FileStatus) -> some CustomStringConvertible
    ) {
        switch FileStatus.of(name, flags: CALL_AT_SYMLINK_NOFOLLOW) {
        case .success(let status): note("\(what) \(name)", body(status))
        case .failure(let failure): note("\(what) \(name)", failure.answer)
        }
    }

    /// The inode; nil if there is no such name.
    func inode(_ name: FileName) -> UInt64? {
        try? FileStatus.of(name, flags: CALL_AT_SYMLINK_NOFOLLOW).get().raw.inode
    }

    func compareInodes(_ first: FileName, _ second: FileName) {
        note("inodes of \(first) and \(second)", inode(first) == inode(second) ? "same" : "differ")
    }

    /// Records whether the file that was `old` before the body is `new` after it.
    func keepingInode(_ old: FileName, as new: FileName, by body: () -> Void) {
        let before = inode(old)
        body()
        let isKept = before != nil && inode(new) == before
        note("inode of \(old) as \(new)", isKept ? "kept" : "another")
    }

    private func octal(_ mode: UInt32) -> String { String(mode, radix: 8) }
    private func text(_ identifier: UInt32?) -> String { identifier.map { "\($0)" } ?? "-" }
}

/// access(2)'s modes.
struct AccessMode: OptionSet, CustomStringConvertible, Sendable {
    let rawValue: Int32

    static let exists: AccessMode = []
    static let execute = AccessMode(rawValue: 1)
    static let write = AccessMode(rawValue: 2)
    static let read = AccessMode(rawValue: 4)

    var description: String {
        let letters = [(AccessMode.read, "r"), (.write, "w"), (.execute, "x")]
        return isEmpty ? "exists" : letters.filter { contains($0.0) }.map(\.1).joined()
    }
}

/// statx(2)'s answer.
struct FileStatus {
    let raw: call_status

    static func of(
        _ name: FileName, flags: Int32
    ) -> Result<FileStatus, DirectoryReading.Failure> {
        var raw = call_status()
        let answer = Answer(unsafe call_status(-100, name.bytes, flags, &raw))
        return answer.isError
            ? .failure(DirectoryReading.Failure(answer: answer)) : .success(FileStatus(raw: raw))
    }

    static func of(descriptor: Int32) -> Result<FileStatus, DirectoryReading.Failure> {
        var raw = call_status()
        let answer = Answer(unsafe call_status(descriptor, "", CALL_AT_EMPTY_PATH, &raw))
        return answer.isError
            ? .failure(DirectoryReading.Failure(answer: answer)) : .success(FileStatus(raw: raw))
    }

    var type: String { FileType.of(mode: raw.mode) }
    var permissions: String {
        let text = String(raw.mode & 0o7777, radix: 8)
        return String(repeating: "0", count: max(0, 4 - text.count)) + text
    }

    /// Without times, inode and device, which differ from run to run.
    var text: String {
        var words = [type, permissions, "\(raw.user):\(raw.group)", "links \(raw.links)"]
        // A directory's size depends on its history on the disk.
        if type != "directory" { words.append("size \(raw.size)") }
        if type.hasSuffix("Device") { words.append("\(raw.special_major):\(raw.special_minor)") }
        return words.joined(separator: " ")
    }
}
