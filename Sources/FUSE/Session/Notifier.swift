public import SystemPackage

/// Tells the kernel what changed behind its back.
///
/// Only after INIT, and from any thread that carries no request; a node's attributes alone
/// (``invalidate(node:offset:length:)`` with a negative offset) also from a thread that carries a
/// request of this node, because that takes no lock over which the kernel waits for an answer.
/// Other notifications take locks that the sender of a request may hold until that is answered:
/// - ``invalidate(node:offset:length:)`` with data waits for pages that are being read or written.
///   So a function that carries a READ or WRITE of the node must neither send it nor wait for it;
/// - ``invalidate(name:in:expireOnly:)`` and ``deleted(name:of:in:)`` take the directory's lock,
///   which LOOKUP, CREATE, UNLINK, RENAME and the like hold for its names, READDIR for all of it.
///
/// Each function throws `ENODEV` or `ENOTCONN` when the file system is unmounted, `EBADF` after an
/// abort, `EINVAL` where the kernel does not know the notification. Each allocates one message.
public struct Notifier: Sendable {
    private let channel: any ReplyChannel

    public init(_ channel: any ReplyChannel) {
        self.channel = channel
    }

    /// `enum fuse_notify_code`.
    private enum Code: UInt32 {
        case invalidateNode = 2
        case invalidateEntry = 3
        case delete = 6
        case resend = 7
        case advanceEpoch = 8
        case prune = 9
    }

    /// A node's attributes, and its cached data from `offset` on (`length` 0: to the end); a
    /// negative offset leaves the data. Waits for pages that are being read.
    ///
    /// Throws `ENOENT` where the kernel does not know the node.
    public func invalidate(
        node: NodeID, offset: Int64 = 0, length: Int64 = 0
    ) throws(Errno) {
        try send(.invalidateNode) { body in
            body.u64(node.rawValue)
            body.u64(UInt64(bitPattern: offset))
            body.u64(UInt64(bitPattern: length))
        }
    }

    /// The kernel forgets which file a name stands for. Throws `ENOENT` where the kernel does not
    /// know the name, `ENAMETOOLONG`.
    ///
    /// - Parameters:
    ///   - name: without NUL and slash.
    ///   - parent: the directory's node.
    ///   - expireOnly: the name is looked up again when it is used next, and programs that work in
    ///     its directory are left alone (Linux 6.2). Otherwise the name goes at once, and mounts on
    ///     it with it.
    public func invalidate(
        name: [UInt8], in parent: NodeID, expireOnly: Bool = false
    ) throws(Errno) {
        try send(.invalidateEntry, name) { body in
            body.u64(parent.rawValue)
            body.u32(UInt32(name.count))
            // FUSE_EXPIRE_ONLY
            body.u32(expireOnly ? 1 : 0)
        }
    }

    /// The name is gone: programs that watch the directory are told (`IN_DELETE`). Throws `ENOENT`,
    /// and `ENOTEMPTY` for a directory that the kernel has names of.
    public func deleted(name: [UInt8], of node: NodeID, in parent: NodeID) throws(Errno) {
        try send(.delete, name) { body in
            body.u64(parent.rawValue)
            body.u64(node.rawValue)
            body.u32(UInt32(name.count))
            body.u32(0)
        }
    }

    /// Every name that the kernel knows is looked up again when it is used next. Linux 6.16.
    public func invalidateAllNames() throws(Errno) {
        try send(.advanceEpoch) { _ in }
    }

    /// The kernel forgets files that no program uses, with their names and cached data, and sends
    /// FORGET for them. Files in use stay. Linux 6.18.
    ///
    /// - Parameter nodes: 4,096 at most.
    public func prune(_ nodes: [NodeID]) throws(Errno) {
        try send(.prune, room: 16 + 8 * nodes.count) { body in
            body.u32(UInt32(nodes.count))
            body.u32(0)
            body.u64(0)
            for node in nodes { body.u64(node.rawValue) }
        }
    }

    /// Requests that were read and not answered are sent again, with the top bit of their number
    /// set. The first answer counts; to carry a request twice must do no harm. Linux 6.9.
    public func resendUnanswered() throws(Errno) {
        try send(.resend) { _ in }
    }

    private func send(
        _ code: Code, _ name: [UInt8]? = nil, room: Int = 32,
        _ fill: (inout MessageWriter) -> Void
    ) throws(Errno) {
        let tail = name.map { $0.count + 1 } ?? 0
        var bytes = [UInt8](repeating: 0, count: ReplyTicket.headerSize + room + tail)
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
