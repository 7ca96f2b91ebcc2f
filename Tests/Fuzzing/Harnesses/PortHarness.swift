import BypassIOProtocol

@testable import ControlInterface

/// Any bytes are a line of a port's program, whose message is a JSON value by itself, or none.
enum PortHarness: Harness {
    static let name = "port"

    static func attempt(_ input: [UInt8]) {
        do throws(PortLine.Malformed) {
            switch try PortLine(input) {
            case .message(let number, let message): judge(message, number)
            case .reply(let number, let message): judge(message, number)
            }
        } catch {
            demand(!error.message.isEmpty, "what is wrong is said")
        }
    }

    private static func judge(_ message: [UInt8], _ number: UInt64?) {
        demand(JSONText.isValue(message), "a message is a value")
        guard let line = PortLine.line(number, message) else {
            return demand(false, "what a program may say a filter may say")
        }
        demand(line.firstIndex(of: 0x0A) == line.count - 1, "a line has one end")
        do throws(PortLine.Malformed) {
            guard case .message(number, _) = try PortLine(Array(line.dropLast())) else {
                return demand(false, "a line is read as it was written")
            }
        } catch {
            demand(false, "a line is read as it was written")
        }
    }
}
