public import SystemPackage

/// Tells the kernel what changed behind its back.
///
/// Never from a function that carries a request about the same node or directory: the kernel may
/// hold a lock for that request which the notification waits for. Any other thread will do.
public struct Notifier: Sendable {
    private let channel: any Channel

    public init(_ channel: any Channel) {
        self.channel = channel
    }

    /// `enum fuse_notify_code`.
    private enum Code: UInt32 {
        case invalidateNode = 2
        case invalidateEntry = 3
        case delete = 6
        case resend = 7
        case advanceEpoch = 8
    }

    /// A node's attributes, and its cached data from `offset` on (`length` 0: to the end); a
    /// negative offset leaves the data. Waits for pages that are being read.
    ///
    /// Throws `ENOENT` where the kernel does not know the node.
    public func invalidate(
        node: UInt64, offset: Int64 = 0, length: Int64 = 0
    ) throws(Errno) {
        try send(.invalidateNode) { body in
            body.u64(node)
            body.u64(UInt64(bitPattern: offset))
            body.u64(UInt64(bitPattern: length))
        }
    }

    /// What a name stands for. Throws `ENOENT` where the kernel does not know it.
    public func invalidate(name: [UInt8], in parent: UInt64) throws(Errno) {
        try send(.invalidateEntry, name) { body in
            body.u64(parent)
            body.u32(UInt32(name.count))
            body.u32(0)
        }
    }

    /// The name is gone: whoever watches the directory is told (`IN_DELETE`). Throws `ENOENT`, and
    /// `ENOTEMPTY` for a directory that the kernel has names of.
    public func deleted(name: [UInt8], of node: UInt64, in parent: UInt64) throws(Errno) {
        try send(.delete, name) { body in
            body.u64(parent)
            body.u64(node)
            body.u32(UInt32(name.count))
            body.u32(0)
        }
    }

    /// Every name that the kernel knows is looked up again when it is used next. Linux 6.16.
    public func invalidateAllNames() throws(Errno) {
        try send(.advanceEpoch) { _ in }
    }

    /// Requests that were read and not answered are sent again, with the top bit of their number
    /// set. Linux 6.9.
    public func resendUnanswered() throws(Errno) {
        try send(.resend) { _ in }
    }

    private func send(
        _ code: Code, _ name: [UInt8]? = nil, _ fill: (inout MessageWriter) -> Void
    ) throws(Errno) {
        let tail = name.map { $0.count + 1 } ?? 0
        var bytes = [UInt8](repeating: 0, count: ReplyTicket.headerSize + 32 + tail)
        var span = bytes.mutableSpan
        var length = 0
        do {
            var body = MessageWriter(&span, from: ReplyTicket.headerSize)
            fill(&body)
            if let name {
                body.copy(name.span)
                body.zeros(1)
            }
            length = body.count
        }
        do {
            var header = MessageWriter(&span, from: 0)
            header.u32(UInt32(length))
            header.u32(code.rawValue)
            header.u64(0)
        }
        try channel.send(span.span.extracting(first: length))
    }
}
