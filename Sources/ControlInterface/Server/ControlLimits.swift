import LinuxKit

/// What the control interface takes at most, whoever asks.
package struct ControlLimits: Sendable {
    /// Clients connected at the same time; one over gets 503. A sixteenth of the descriptors that
    /// the process may have, and no more than 64.
    package var clients = max(1, min(64, DescriptorLimit.current / 16))
    /// Clients connected to the port at the same time, beside those of the socket: every user of
    /// the machine can connect there, and must not keep the mount's owner from the socket.
    package var portClients = max(1, min(16, DescriptorLimit.current / 64))
    /// Clients connected to filters' ports, beside the others, with two threads each; one over gets
    /// 503. A 64th of the descriptors that the process may have, and no more than 32.
    package var portLinks = max(1, min(32, DescriptorLimit.current / 64))
    /// Bytes of a request's line and headers; more gets 431.
    package var head = 16 << 10
    /// Bytes of a request's body; more gets 413.
    package var body = 64 << 10
    /// From a request's first byte to its last; then 408.
    package var request = Duration.seconds(10)
    /// Between two requests of a client, and before its first; then it is cut off.
    package var idle = Duration.seconds(60)
    /// Before the first request with the port's token; then the client is cut off.
    package var stranger = Duration.seconds(5)
    /// For a client to take what waits for it; then it is cut off.
    package var answer = Duration.seconds(10)
    /// For an answer that only looks, and for a change; then 503 tells that it goes on.
    package var look = Duration.seconds(5)
    package var change = Duration.seconds(10)
    /// For a restart, whose steps have limits of their own.
    package var restart = Duration.seconds(80)
    /// Threads that may look, or change, at the same time; more gets 503.
    package var looks = 16
    package var changes = 8

    package init() {}
}
