import CPosixCalls

/// A system call's answer: a value, or the errno with which it failed.
struct Answer: CustomStringConvertible, Equatable {
    /// Below 0: the negated errno.
    let value: Int64

    init(_ value: Int64) { self.value = value }

    var isError: Bool { value < 0 }
    /// The descriptor; -1 where the call failed, so that the next call answers EBADF.
    var descriptor: Int32 { isError ? -1 : Int32(truncatingIfNeeded: value) }
    /// The number of bytes moved.
    var count: Int { max(0, Int(value)) }

    var description: String {
        if value == 0 { return "ok" }
        return isError ? Answer.name(ofErrno: Int32(truncatingIfNeeded: -value)) : "\(value)"
    }

    /// The success of a call whose value differs from run to run.
    var withoutValue: String { isError ? description : "ok" }

    static func name(ofErrno code: Int32) -> String {
        unsafe String(cString: call_errno_name(code))
    }
}
