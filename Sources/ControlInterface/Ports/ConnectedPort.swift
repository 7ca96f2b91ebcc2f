package import BypassIOProtocol

/// A program's connection to a filter's port, as the interface carries it.
package protocol ConnectedPort: AnyObject, Sendable {
    /// The filter's name.
    var filterName: String { get }
    /// Bytes of a message, at most.
    var longestMessage: Int { get }

    /// The filter's next message, which is waited for; nil at the end. One thread at a time.
    func takeMessage() -> (number: UInt64?, bytes: [UInt8])?

    /// What the program replies to a message of the filter. Throws where nobody waits for it.
    func reply(to number: UInt64, _ bytes: [UInt8]) throws(NTStatus)

    /// A message of the program, and what the filter answers, which is waited for.
    func request(_ message: [UInt8]) throws(NTStatus) -> [UInt8]

    /// Ends it. Callable more than once, from any thread.
    func disconnect()
}

/// Who wants to talk to a filter.
package struct PortOrder: Sendable {
    package let port: String
    /// Bytes for the filter.
    package let context: [UInt8]
    package let process: Int32
    package let user: UInt32

    /// - Parameters:
    ///   - port: its name.
    ///   - context: bytes for the filter.
    ///   - process: the program's number.
    ///   - user: the program's.
    package init(port: String, context: [UInt8], process: Int32, user: UInt32) {
        self.port = port
        self.context = context
        self.process = process
        self.user = user
    }
}
