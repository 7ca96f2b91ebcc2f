internal import CKernelABI
package import SystemPackage

/// Streams of TCP that stay within the machine (ip(7), tcp(7)).
extension SystemCall {
    /// The two addresses of the loopback interface.
    package enum Loopback: Sendable, Hashable {
        /// 127.0.0.1
        case four
        /// ::1
        case six
    }

    /// socket(2) and bind(2): A socket with O_NONBLOCK at a port, that does not listen yet. Port 0
    /// lets the kernel choose (``port(of:)``).
    ///
    /// - Throws: EADDRINUSE where another socket has the port, EACCES for a port that is root's
    ///   alone, EAFNOSUPPORT or EADDRNOTAVAIL on a machine without that address.
    package static func loopbackSocket(
        _ address: Loopback, port: UInt16
    ) throws(Errno) -> OwnedDescriptor {
        let number = try retryingInt { bpio_loopback_socket(address == .six ? 1 : 0, port) }
        return OwnedDescriptor(owning: FileDescriptor(rawValue: number))
    }

    /// connect(2): Reaches what listens at a port; the socket waits in its calls.
    package static func connectToLoopback(
        _ address: Loopback, port: UInt16
    ) throws(Errno) -> OwnedDescriptor {
        let number = try retryingInt { bpio_loopback_connect(address == .six ? 1 : 0, port) }
        return OwnedDescriptor(owning: FileDescriptor(rawValue: number))
    }

    /// getsockname(2): The port that a socket of TCP has.
    package static func port(of socket: FileDescriptor) throws(Errno) -> UInt16 {
        UInt16(truncatingIfNeeded: try retryingInt { bpio_socket_port(socket.rawValue) })
    }
}
