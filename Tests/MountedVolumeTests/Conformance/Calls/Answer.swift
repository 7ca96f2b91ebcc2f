import CPosixCalls

/// What a system call answered: a value, or the errno it failed with.
struct Answer: CustomStringConvertible, Equatable {
    /// Below 0: the negated errno.
    let value: Int64

    init(_ value: Int64) { self.value = value }

    var isError: Bool { value < 0 }
    /// A descriptor; -1 where the call failed, which the next call answers with EBADF.
    var descriptor: Int32 { isError ? -1 : Int32(truncatingIfNeeded: value) }
    /// Bytes that were moved.
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
