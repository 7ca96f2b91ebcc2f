import CPosixCalls

/// A difference between the file system and the model.
struct Finding: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }

    /// Returns the call's value; throws a finding if the call failed.
    @discardableResult
    static func check(_ what: @autoclosure () -> String, _ answer: Int64) throws -> Int {
        guard answer >= 0 else { throw Finding("\(what()): \(name(ofErrno: Int32(-answer)))") }
        return Int(answer)
    }

    static func name(ofErrno code: Int32) -> String {
        unsafe String(cString: call_errno_name(code))
    }
}
