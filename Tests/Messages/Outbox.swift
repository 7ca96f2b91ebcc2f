public import FUSE
public import SystemPackage

/// Where a mount in memory sends its answers. One thread.
public final class Outbox: Channel, @unchecked Sendable {
    private var sent: [[UInt8]] = []

    public init() {}

    public func receive(into message: inout MutableSpan<UInt8>) throws(Errno) -> Int {
        throw .connectionAbort
    }

    public func send(_ message: Span<UInt8>) throws(Errno) {
        sent.append(message.indices.map { message[$0] })
    }

    /// The answers since the last call.
    public func take() -> [[UInt8]] {
        defer { sent = [] }
        return sent
    }
}
