import CPosixCalls
import Foundation

/// A byte range to lock; the kind as fcntl(2) names it.
struct LockRange: Sendable {
    enum Kind: Int32, Sendable {
        case read, write, none
    }

    let kind: Kind
    let start: Int64
    /// 0: to the end of the file, however far it grows.
    let length: Int64

    static func read(_ start: Int64, _ length: Int64) -> Self {
        .init(kind: .read, start: start, length: length)
    }
    static func write(_ start: Int64, _ length: Int64) -> Self {
        .init(kind: .write, start: start, length: length)
    }
    static func none(_ start: Int64, _ length: Int64) -> Self {
        .init(kind: .none, start: start, length: length)
    }

    var raw: call_lock {
        call_lock(
            command: 0, type: kind.rawValue, whence: 0, process: 0, start: start, length: length)
    }

    var text: String { "\(kind) \(start)+\(length)" }
}

extension OpenFile {
    /// F_SETLK, or F_SETLKW if it `waits`; `ofOpenFile` chooses the F_OFD_ commands.
    @discardableResult
    func lock(_ range: LockRange, waits: Bool = false, ofOpenFile: Bool = false) -> Answer {
        var raw = range.raw
        let set = ofOpenFile ? CALL_LOCK_OFD_SET : CALL_LOCK_SET
        let wait = ofOpenFile ? CALL_LOCK_OFD_SET_WAIT : CALL_LOCK_SET_WAIT
        let command = Int32(waits ? wait : set)
        return note(
            "\(ofOpenFile ? "OFD " : "")lock \(range.text)\(waits ? " waiting" : "")",
            unsafe call_lock(descriptor, command, &raw))
    }

    /// F_GETLK: records the conflicting lock.
    func lockInTheWay(of range: LockRange, ofOpenFile: Bool = false) {
        var raw = range.raw
        let command = Int32(ofOpenFile ? CALL_LOCK_OFD_GET : CALL_LOCK_GET)
        let answer = Answer(unsafe call_lock(descriptor, command, &raw))
        var text = "\(answer)"
        if !answer.isError, let kind = LockRange.Kind(rawValue: raw.type) {
            let owner = raw.process == -1 ? "an open file's" : "a process's"
            text = kind == .none ? "none" : "\(owner) \(kind) \(raw.start)+\(raw.length)"
        }
        record.note("\(ofOpenFile ? "OFD " : "")lock in the way of \(range.text) [\(name)]", text)
    }

    /// flock(2): LOCK_SH is 1, LOCK_EX 2, LOCK_NB 4, LOCK_UN 8.
    @discardableResult
    func flock(_ operation: Int32) -> Answer {
        note("flock \(operation)", call_flock(descriptor, operation))
    }
}
