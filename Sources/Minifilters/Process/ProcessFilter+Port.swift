public import BypassIOProtocol
public import IOStack

// What programs say, and are answered.
extension ProcessFilter: PortFilter {
    private struct Order: Decodable {
        struct Registration: Decodable {
            let version: Int
            let name: String
            let operations: [String]
            let paths: [String]?
        }

        let register: Registration?
        let unregister: Bool?
    }

    private struct Answer: Encodable {
        var registered: String?
        /// Why not.
        var refused: String?
        var unregistered: Bool?
    }

    public func didReceive(
        _ message: [UInt8], from connection: PortConnection
    ) throws(NTStatus) -> [UInt8] {
        guard let order: Order = PortMessage.value(message) else { throw .invalidParameter }
        if let wish = order.register { return PortMessage.bytes(register(wish, connection)) }
        guard order.unregister == true else { throw .invalidParameter }
        return PortMessage.bytes(Answer(unregistered: unregister(connection)))
    }

    private func register(
        _ wish: Order.Registration, _ connection: PortConnection
    ) -> Answer {
        let registration: ProcessRegistration
        do throws(ProcessRegistration.Refusal) {
            registration = try ProcessRegistration(
                version: wish.version, name: wish.name, operations: wish.operations,
                paths: wish.paths ?? [])
        } catch {
            return Answer(refused: error.message)
        }
        do throws(IOFailure) {
            guard try register(registration, connection) else {
                return Answer(refused: "\(wish.name) is connected already, or there is no room.")
            }
            return Answer(registered: registration.name)
        } catch {
            return Answer(
                refused: "Reads that bypass did not end in time: register again. Until then they "
                    + "may go past.")
        }
    }
}

/// What a program says about an operation.
enum ProcessAnswer {
    case allow
    case deny(NTStatus)

    private struct Said: Decodable {
        let answer: String
        let errno: String?
    }

    /// nil for what is none.
    init?(_ message: [UInt8]) {
        guard let said: Said = PortMessage.value(message) else { return nil }
        switch said.answer {
        case "allow": self = .allow
        case "deny":
            guard let status = NamedErrno.status(said.errno ?? "EACCES") else { return nil }
            self = .deny(status)
        default: return nil
        }
    }
}
