import BypassIOProtocol

/// A line of a program that is connected to a filter's port, and the lines that it gets
/// (docs/ports.md).
package enum PortLine: Sendable, Equatable {
    /// For the filter. With a number the program wants to know what became of it.
    case message(UInt64?, [UInt8])
    /// To the filter's message of that number.
    case reply(UInt64, [UInt8])

    /// Of the protocol.
    package static let version = 1
    /// As the upgrade names it.
    package static let upgrade = "bypassio-port/\(version)"
    /// Bytes of a line beside its message.
    package static let envelope = 256

    /// Why a line is none, in a sentence.
    package struct Malformed: Error, Sendable {
        package let message: String
    }

    /// - Parameter line: without its end.
    package init(_ line: [UInt8]) throws(Malformed) {
        let members: [JSONText.Member]
        do throws(JSONText.Malformed) {
            members = try JSONText.members(of: line[...])
        } catch {
            throw Malformed(message: "The line is no JSON object.")
        }
        func value(_ name: String) -> [UInt8]? { members.first { $0.name == name }?.value }
        func number(_ name: String) throws(Malformed) -> UInt64? {
            guard let text = value(name) else { return nil }
            guard let number = UInt64(String(decoding: text, as: UTF8.self)) else {
                throw Malformed(message: "\(name) is no whole number.")
            }
            return number
        }
        guard let message = value("message") else {
            throw Malformed(message: "The line has no message.")
        }
        let (id, reply) = (try number("id"), try number("reply"))
        guard let reply else {
            self = .message(id, message)
            return
        }
        guard id == nil else { throw Malformed(message: "The line has both id and reply.") }
        self = .reply(reply, message)
    }

    // MARK: Lines of the service

    /// The first.
    static func greeting(port: String, filter: String, message: Int) -> [UInt8] {
        line(
            #"{"connected":{"filter":"# + quoted(filter) + #","message":\#(message),"port":"#
                + quoted(port) + #","version":\#(version)}}"#)
    }

    /// A message of the filter; nil where it is no JSON.
    static func line(_ number: UInt64?, _ message: [UInt8]) -> [UInt8]? {
        guard JSONText.isValue(message) else { return nil }
        let start = number.map { #"{"id":\#($0),"message":"# } ?? #"{"message":"#
        // A line's end can only be a blank between values.
        let flat = message.map { $0 == 0x0A || $0 == 0x0D ? 0x20 : $0 }
        return Array(start.utf8) + flat + Array("}\n".utf8)
    }

    /// What the filter answers the program's message.
    static func answer(_ number: UInt64, _ message: [UInt8]) -> [UInt8] {
        let text = JSONText.isValue(message) ? message : Array("null".utf8)
        let flat = text.map { $0 == 0x0A || $0 == 0x0D ? 0x20 : $0 }
        return Array(#"{"reply":\#(number),"message":"#.utf8) + flat + Array("}\n".utf8)
    }

    /// What is wrong with a line, or what the filter refuses it with.
    ///
    /// - Parameters:
    ///   - number: of the line's message, or of that which it replied to.
    ///   - status: nil for a line that no filter saw.
    static func refusal(
        _ number: UInt64?, reason: String, status: NTStatus?, _ message: String
    ) -> [UInt8] {
        var text = "{"
        if let number { text += #""reply":\#(number),"# }
        text += #""error":{"message":"# + quoted(message) + #","reason":"# + quoted(reason)
        if let status { text += #","status":"# + quoted(status.name ?? "\(status)") }
        return line(text + "}}")
    }

    private static func line(_ text: String) -> [UInt8] { Array(text.utf8) + [0x0A] }

    private static func quoted(_ text: String) -> String {
        String(decoding: ControlAnswer.json(of: text), as: UTF8.self)
    }
}
