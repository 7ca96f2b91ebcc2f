internal import Synchronization
public import SystemPackage

/// The file that a name stands for (`struct fuse_entry_out`, 128 bytes).
public struct NodeEntry: Sendable, Equatable {
    /// Not 0, and never that of another file as long as the kernel knows this one.
    public var node: NodeID
    /// Tells this file from others that have the same number when the kernel does not know this
    /// one.
    public var generation: UInt32
    public var attributes: NodeAttributes
    public var nameValidity: Validity
    public var attributesValidity: Validity

    static let wireSize = 40 + NodeAttributes.wireSize

    public init(
        node: NodeID, generation: UInt32 = 0, attributes: NodeAttributes,
        nameValidity: Validity = .second, attributesValidity: Validity = .second
    ) {
        self.node = node
        self.generation = generation
        self.attributes = attributes
        self.nameValidity = nameValidity
        self.attributesValidity = attributesValidity
    }

    func write(to writer: inout MessageWriter) {
        writer.u64(node.rawValue)
        writer.u64(UInt64(generation))
        writer.u64(nameValidity.seconds)
        writer.u64(attributesValidity.seconds)
        writer.u32(nameValidity.nanoseconds)
        writer.u32(attributesValidity.nanoseconds)
        attributes.write(to: &writer)
    }

    static func writeAbsent(validFor time: Validity, to writer: inout MessageWriter) {
        writer.zeros(16)
        writer.u64(time.seconds)
        writer.u64(0)
        writer.u32(time.nanoseconds)
        writer.zeros(4 + NodeAttributes.wireSize)
    }
}

/// Answers LOOKUP and requests that make a name.
public struct EntryReply: Reply, ~Copyable, Sendable {
    private let ticket: ReplyTicket

    init(_ ticket: consuming ReplyTicket) {
        self.ticket = ticket
    }

    /// Every success counts as one lookup of the node, to be forgotten later.
    ///
    /// - Returns: whether the kernel took it; false when the request was taken back meanwhile, and
    ///   with it the lookup.
    @discardableResult
    public consuming func succeed(_ entry: NodeEntry) -> Bool {
        ticket.succeed { entry.write(to: &$0) }
    }

    /// There is no such name, and that holds for a while.
    public consuming func succeedAbsent(validFor time: Validity) {
        ticket.succeed { NodeEntry.writeAbsent(validFor: time, to: &$0) }
    }

    public consuming func fail(_ error: Errno) {
        ticket.fail(error)
    }
}

/// Answers OPEN and OPENDIR (`struct fuse_open_out`, 16 bytes).
public struct OpenReply: Reply, ~Copyable, Sendable {
    private let ticket: ReplyTicket

    init(_ ticket: consuming ReplyTicket) {
        self.ticket = ticket
    }

    /// Makes a file known to the kernel, for this answer and later ones. Throws as
    /// ``ReplyChannel/openBacking(_:)``.
    public func backing(_ descriptor: Int32) throws(Errno) -> BackingFile {
        let channel = ticket.channel.lasting
        return BackingFile(number: try channel.openBacking(descriptor), channel: channel)
    }

    /// - Returns: whether the kernel took it; false when the open was taken back meanwhile: no
    ///   RELEASE will come.
    @discardableResult
    public consuming func succeed(
        handle: HandleID, _ flags: OpenReplyFlags = [], backing: BackingFile? = nil
    ) -> Bool {
        ticket.succeed { body in
            body.u64(handle.rawValue)
            body.u32(flags.rawValue)
            body.u32(UInt32(bitPattern: backing?.number ?? 0))
        }
    }

    public consuming func fail(_ error: Errno) {
        ticket.fail(error)
    }
}

/// Answers CREATE and TMPFILE: an entry and an open file.
public struct CreateReply: Reply, ~Copyable, Sendable {
    private let ticket: ReplyTicket

    init(_ ticket: consuming ReplyTicket) {
        self.ticket = ticket
    }

    /// Makes a file known to the kernel, for this answer and later ones. Throws as
    /// ``ReplyChannel/openBacking(_:)``.
    public func backing(_ descriptor: Int32) throws(Errno) -> BackingFile {
        let channel = ticket.channel.lasting
        return BackingFile(number: try channel.openBacking(descriptor), channel: channel)
    }

    /// - Returns: whether the kernel took it; false when the request was taken back meanwhile:
    ///   neither RELEASE nor FORGET will come.
    @discardableResult
    public consuming func succeed(
        _ entry: NodeEntry, handle: HandleID, _ flags: OpenReplyFlags = [],
        backing: BackingFile? = nil
    ) -> Bool {
        ticket.succeed { body in
            entry.write(to: &body)
            body.u64(handle.rawValue)
            body.u32(flags.rawValue)
            body.u32(UInt32(bitPattern: backing?.number ?? 0))
        }
    }

    public consuming func fail(_ error: Errno) {
        ticket.fail(error)
    }
}

/// A file that the kernel may read and write by itself, for programs that have a node open with it
/// (``OpenReplyFlags/passthrough``).
///
/// The kernel has two rules, and fails the program's open(2) with EIO where they are broken. While
/// a node is open with a backing file, every further open of that node names this very object and
/// ``OpenReplyFlags/passthrough``, with ``OpenReplyFlags/directIO`` where the service is to get the
/// reads and writes. While the node is open without a backing file, no open names one.
///
/// Kept at least from the reply to an open until its RELEASE; released earlier, the kernel may not
/// find it. Goes with the connection.
public final class BackingFile: Sendable {
    /// The kernel's number of it.
    public let number: Int32
    private let channel: any ReplyChannel
    /// Another process still has it. Relaxed: ``takeOver()`` comes before anything is served.
    private let isOthers: Atomic<Bool>

    init(number: Int32, channel: any ReplyChannel, isOthers: Bool = false) {
        self.number = number
        self.channel = channel
        self.isOthers = Atomic(isOthers)
    }

    /// From now on it ends with this object; for one that came from another process
    /// (``Session/backing(adopting:)``).
    public func takeOver() { isOthers.store(false, ordering: .relaxed) }

    deinit { if !isOthers.load(ordering: .relaxed) { channel.closeBacking(number) } }
}
