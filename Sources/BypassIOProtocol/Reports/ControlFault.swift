/// Why the control interface of a mount did not do what it was asked: the body of every answer that
/// is no success.
public struct ControlFault: Error, Codable, Sendable, Hashable {
    /// HTTP's.
    public let status: Int
    /// A word for programs, such as `no-such-instance`.
    public let reason: String
    /// For people: what is wrong, in a sentence.
    public let message: String
    /// What to do about it; nil where nothing can be done.
    public let advice: String?

    public init(_ status: Int, _ reason: String, _ message: String, advice: String? = nil) {
        self.status = status
        self.reason = reason
        self.message = message
        self.advice = advice
    }
}
