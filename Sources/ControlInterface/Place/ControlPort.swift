import BypassIOProtocol
package import LinuxKit
package import SystemPackage

/// A port of the loopback interface that a control interface listens at, for who has its token.
/// Every user of the machine reaches it, so it answers nobody else, and changes nothing.
package final class ControlPort: Sendable {
    /// Why it cannot be had.
    package enum Failure: Error, Sendable, CustomStringConvertible {
        case refused(Address, Errno)

        package var description: String {
            switch self {
            case .refused(let address, .addressInUse):
                "another program has the port \(address) already"
            case .refused(let address, .permissionDenied):
                "the port \(address) is root's alone"
            case .refused(let address, let errno): "\(address): \(errno)"
            }
        }
    }

    /// A port of 127.0.0.1 or of ::1. There are no others.
    package struct Address: Sendable, Hashable, CustomStringConvertible {
        package let host: SystemCall.Loopback
        package let port: UInt16

        package init(_ host: SystemCall.Loopback, port: UInt16) {
            self.host = host
            self.port = port
        }

        /// `PORT`, `127.0.0.1:PORT` or `[::1]:PORT`; nil for everything else. Port 0 is one that
        /// the kernel chooses.
        package init?(_ text: String) {
            let four = "127.0.0.1:"
            let six = "[::1]:"
            let digits =
                text.hasPrefix(four)
                ? text.dropFirst(four.count)
                : text.hasPrefix(six) ? text.dropFirst(six.count) : text[...]
            guard digits.utf8.allSatisfy({ 0x30...0x39 ~= $0 }), let port = UInt16(digits) else {
                return nil
            }
            self.init(text.hasPrefix(six) ? .six : .four, port: port)
        }

        package var description: String {
            switch host {
            case .four: "127.0.0.1:\(port)"
            case .six: "[::1]:\(port)"
            }
        }
    }

    /// With the port that the kernel chose, where it should.
    package let address: Address
    private let token: ControlToken
    private let owned: OwnedDescriptor

    private static let backlog: Int32 = 128

    /// Takes over a port that another process of the same mount listens at, by an inherited
    /// descriptor.
    package init(
        inherited descriptor: Int32, _ wanted: Address, _ token: ControlToken
    ) throws(Failure) {
        let socket = OwnedDescriptor(owning: FileDescriptor(rawValue: descriptor))
        do throws(Errno) {
            try SystemCall.closeOnExec(socket.descriptor)
            address = Address(wanted.host, port: try SystemCall.port(of: socket.descriptor))
        } catch {
            throw .refused(wanted, error)
        }
        owned = socket
        self.token = token
    }

    /// For another process of the same mount.
    package var handed: Int32 { owned.descriptor.rawValue }

    /// Takes the port; clients may connect, and wait until they are served.
    package init(_ wanted: Address, _ token: ControlToken) throws(Failure) {
        do throws(Errno) {
            let socket = try SystemCall.loopbackSocket(wanted.host, port: wanted.port)
            try SystemCall.listen(socket.descriptor, backlog: Self.backlog)
            address = Address(wanted.host, port: try SystemCall.port(of: socket.descriptor))
            owned = socket
        } catch {
            throw .refused(wanted, error)
        }
        self.token = token
    }
}

extension ControlPort: ControlDoor {
    var descriptor: FileDescriptor { owned.descriptor }
    var threadName: String { "control port" }
    var knowsItsClients: Bool { false }

    /// Who it is shows with the request.
    func refusal(of client: FileDescriptor) -> ControlFault? { nil }

    func refusal(of request: RequestHead) -> ControlFault? {
        let given = request.headers.filter { $0.name.lowercased() == "authorization" }
        guard let first = given.first else {
            return Self.unknown("The request has no token.")
        }
        guard given.count == 1, let credentials = Self.bearer(first.value) else {
            return Self.unknown("The request's credentials are no token of this kind.")
        }
        guard token.isSame(Array(credentials.utf8)) else {
            return Self.unknown("The request's token is not the one of this mount.")
        }
        guard request.method == "GET" || request.method == "HEAD" else {
            return ControlFault(
                403, "reading-only", "The port answers GET, and changes nothing.",
                advice: "Ask at the mount's socket, as bypassio attach, detach and set do.")
        }
        return nil
    }

    /// What stands behind the scheme, whose case does not count (RFC 9110, 11.1).
    private static func bearer(_ value: String) -> Substring? {
        let parts = value.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        return parts[1].drop { $0 == " " }
    }

    private static func unknown(_ message: String) -> ControlFault {
        ControlFault(
            401, "wrong-token", message,
            advice: "Send Authorization: Bearer and the content of control_token_file.")
    }

    package func close() { SystemCall.shutDown(descriptor) }
}
