import CPosixCalls
import Foundation

/// Queries and changes through a descriptor.
extension OpenFile {
    func stat() {
        switch FileStatus.of(descriptor: descriptor) {
        case .success(let status): record.note("fstat [\(name)]", status.text)
        case .failure(let failure): record.note("fstat [\(name)]", failure.answer)
        }
    }

    func fact(_ what: String, _ body: (FileStatus) -> some CustomStringConvertible) {
        switch FileStatus.of(descriptor: descriptor) {
        case .success(let status): record.note("\(what) [\(name)]", body(status))
        case .failure(let failure): record.note("\(what) [\(name)]", failure.answer)
        }
    }

    @discardableResult
    func chmod(_ mode: UInt32) -> Answer {
        note("fchmod \(String(mode, radix: 8))", call_fchmod(descriptor, mode))
    }

    @discardableResult
    func chown(_ user: UInt32, _ group: UInt32) -> Answer {
        note("fchown \(user):\(group)", call_fchown(descriptor, user, group))
    }

    @discardableResult
    func setTimes(accessed: TimeValue, modified: TimeValue) -> Answer {
        let both = [accessed.raw, modified.raw]
        return note("futimens \(accessed) \(modified)", unsafe call_futimens(descriptor, both))
    }

    @discardableResult
    func chdir() -> Answer { note("fchdir", call_fchdir(descriptor)) }

    /// linkat(2) with AT_EMPTY_PATH: gives a file of O_TMPFILE its name.
    @discardableResult
    func link(to new: FileName) -> Answer {
        note("linkat to \(new)", unsafe call_link_descriptor(descriptor, new.bytes))
    }

    /// linkat(2) through /proc, which needs no rights of root's.
    @discardableResult
    func linkThroughProc(to new: FileName) -> Answer {
        let path = "/proc/thread-self/fd/\(descriptor)"
        return note(
            "linkat through /proc to \(new)",
            unsafe call_link(path, new.bytes, CALL_AT_SYMLINK_FOLLOW))
    }

    /// openat(2) of a name under this directory.
    @discardableResult
    func openat(_ child: FileName, _ flags: OpenFlags, mode: UInt32 = 0o644) -> OpenFile {
        let answer = Answer(unsafe call_openat(descriptor, child.bytes, flags.rawValue, mode))
        record.note("openat [\(name)] \(child) \(flags)", answer.withoutValue)
        return OpenFile(name: "\(name)/\(child)", descriptor: answer.descriptor, record: record)
    }

    @discardableResult
    func setxattr(_ attribute: FileName, _ value: String) -> Answer {
        let bytes = Array(value.utf8)
        return note(
            "fsetxattr \(attribute)",
            unsafe call_fsetxattr(descriptor, attribute.bytes, bytes, bytes.count, 0))
    }

    func getxattr(_ attribute: FileName) {
        var value = [UInt8](repeating: 0, count: 65536)
        let answer = Answer(
            unsafe call_fgetxattr(descriptor, attribute.bytes, &value, value.count))
        let text = answer.isError ? "\(answer)" : ByteSummary.text(value.prefix(answer.count))
        record.note("fgetxattr \(attribute) [\(name)]", text)
    }

    /// Sends an ioctl whose argument is at most 256 bytes that start as zeros. Records the argument
    /// afterwards as 32-bit words where the call succeeded.
    func ioctl(_ what: String, _ request: UInt64, words: [UInt32] = [], shown: Int = 0) {
        var argument = words + [UInt32](repeating: 0, count: 64 - words.count)
        let answer = Answer(unsafe call_ioctl(descriptor, request, &argument))
        let after = answer.isError || shown == 0 ? "" : " \(argument.prefix(shown))"
        record.note("ioctl \(what) [\(name)]", "\(answer)\(after)")
    }

    /// fcntl(2); records `shown` bits of the answer.
    @discardableResult
    func fcntl(_ what: String, _ command: Int32, _ argument: Int64, shown: Int64 = ~0) -> Answer {
        let answer = Answer(call_fcntl(descriptor, command, argument))
        let text = answer.isError ? answer : Answer(answer.value & shown)
        record.note("fcntl \(what) [\(name)]", text)
        return answer
    }

    func poll(_ events: Int16) {
        note("poll \(events)", call_poll(descriptor, events))
    }
}
