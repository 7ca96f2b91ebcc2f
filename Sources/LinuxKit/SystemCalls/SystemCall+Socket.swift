internal import CKernelABI
package import SystemPackage

/// Streams of the local machine (unix(7)).
extension SystemCall {
    /// Who is at the other end of a connection, as the kernel saw it connect (SO_PEERCRED).
    package struct Peer: Sendable, Hashable {
        package let process: Int32
        package let user: UInt32

        package init(process: Int32, user: UInt32) {
            self.process = process
            self.user = user
        }
    }

    /// socket(2): A stream socket; `waits` is false for O_NONBLOCK.
    package static func streamSocket(waits: Bool) throws(Errno) -> OwnedDescriptor {
        let number = try retryingInt { bpio_stream_socket(waits ? 1 : 0) }
        return OwnedDescriptor(owning: FileDescriptor(rawValue: number))
    }

    /// bind(2): Give a socket a name in the file system; the umask applies.
    ///
    /// - Throws: EADDRINUSE where there is something of that name, ENAMETOOLONG over 107 bytes.
    package static func bind(_ socket: FileDescriptor, to path: FilePath) throws(Errno) {
        try unsafe withName(path) { unsafe bpio_bind(socket.rawValue, $0) }
    }

    /// listen(2): Take connections.
    package static func listen(_ socket: FileDescriptor, backlog: Int32) throws(Errno) {
        _ = try retryingInt { bpio_listen(socket.rawValue, backlog) }
    }

    /// connect(2): Reach the service at a path.
    ///
    /// - Throws: ECONNREFUSED where nobody listens any more, EAGAIN when its queue stayed full for
    ///   as long as the socket has patience.
    package static func connect(_ socket: FileDescriptor, to path: FilePath) throws(Errno) {
        try unsafe withName(path) { unsafe bpio_connect(socket.rawValue, $0) }
    }

    /// accept4(2): The next connection, with O_NONBLOCK; EAGAIN where none waits.
    package static func accept(_ socket: FileDescriptor) throws(Errno) -> OwnedDescriptor {
        let number = try retryingInt { bpio_accept(socket.rawValue) }
        return OwnedDescriptor(owning: FileDescriptor(rawValue: number))
    }

    /// getsockopt(2) SO_PEERCRED: Who connected.
    package static func peer(of socket: FileDescriptor) throws(Errno) -> Peer {
        var process: Int32 = 0
        var user: UInt32 = 0
        _ = try retryingInt { unsafe bpio_peer(socket.rawValue, &process, &user) }
        return Peer(process: process, user: user)
    }

    /// SO_RCVTIMEO, SO_SNDTIMEO: How long each call on a socket that waits may take; then it
    /// throws EAGAIN.
    package static func setPatience(
        of socket: FileDescriptor, milliseconds: Int64
    ) throws(Errno) {
        _ = try retryingInt { bpio_socket_patience(socket.rawValue, milliseconds) }
    }

    /// send(2): Returns how many of the bytes were taken. No SIGPIPE: EPIPE.
    package static func send(
        _ bytes: ArraySlice<UInt8>, to socket: FileDescriptor
    ) throws(Errno) -> Int {
        let sent = try retrying {
            unsafe bytes.withUnsafeBytes { bytes in
                guard let start = bytes.baseAddress else { return 0 }
                return unsafe bpio_send(socket.rawValue, start, bytes.count)
            }
        }
        return Int(sent)
    }

    /// recv(2): What is there, `limit` bytes at most; empty at the end.
    package static func receive(
        from socket: FileDescriptor, atMost limit: Int
    ) throws(Errno) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: limit)
        let count = try retrying {
            unsafe bytes.withUnsafeMutableBytes { bytes in
                guard let start = bytes.baseAddress else { return 0 }
                return unsafe bpio_receive(socket.rawValue, start, bytes.count)
            }
        }
        bytes.removeLast(limit - Int(count))
        return bytes
    }

    /// shutdown(2), both ways: Whoever waits for the socket hears of its end.
    package static func shutDown(_ socket: FileDescriptor) {
        _ = bpio_shutdown(socket.rawValue)
    }

    /// shutdown(2) of what this side sends: the other side reads to the end.
    package static func shutDownSending(_ socket: FileDescriptor) {
        _ = bpio_shutdown_writing(socket.rawValue)
    }

    /// poll(2): Whether there is room to write, waited for no longer than that; nil: for ever.
    package static func waitUntilWritable(
        _ descriptor: FileDescriptor, milliseconds: Int32?
    ) throws(Errno) -> Bool {
        try retryingInt { bpio_poll_writable(descriptor.rawValue, milliseconds ?? -1) } > 0
    }

    /// poll(2): Whether there is something to read, waited for no longer than that; nil: for ever.
    package static func waitUntilReadable(
        _ descriptor: FileDescriptor, milliseconds: Int32?
    ) throws(Errno) -> Bool {
        try retryingInt { bpio_poll_readable(descriptor.rawValue, milliseconds ?? -1) } > 0
    }
}
