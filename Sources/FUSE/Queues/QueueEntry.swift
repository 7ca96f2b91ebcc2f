internal import CKernelABI
internal import Glibc
internal import Synchronization
internal import SystemPackage

/// The place of one request of a ``RequestQueue``: memory that the kernel knows, writes requests to and
/// takes replies from.
///
/// It is in one pair of hands at a time: the kernel's, those of the thread whose ring the kernel gave the
/// request to, or of whoever that thread hands it to. A reply may come from any thread, once.
@safe
final class QueueEntry: ReplyChannel, @unchecked Sendable {
    /// The queue that it was registered with, for ever.
    let queue: RequestQueue
    /// Everything of a request behind its first structure, and everything of a reply behind its header.
    let buffer: TransferBuffer

    /// Apart from the rest, none of which takes memory before a request comes.
    private let vectors = UnsafeMutablePointer<iovec>.allocate(capacity: 2)
    // In the buffer's room, a page of which the messages use the end.
    private let header: UnsafeMutablePointer<bpio_fuse_queue_header>
    private let aside: UnsafeMutableRawPointer
    private static let asidePlace = 512
    private static let asideSize = 2048
    /// Of a request's first structure at most.
    private static let operationSize = 128

    /// Where the reply is. Whoever sets `answered` releases the reply's bytes, and the one who sees it
    /// acquires them.
    private let phase = Atomic<Phase>(.answered)
    /// Bytes of the reply behind its header, and whether they lie aside. Written before `answered`.
    private var body = (count: 0, isAside: false)

    private enum Phase: UInt8, AtomicRepresentable {
        /// A thread carries the request and looks for the reply itself.
        case carried
        /// That thread went on: whoever answers hands the entry back.
        case kept
        case answered
    }

    /// Throws `ENOMEM`.
    init(_ queue: RequestQueue, capacity: Int) throws(Errno) {
        buffer = try TransferBuffer(capacity: capacity)
        self.queue = queue
        let room = unsafe buffer.start - TransferBuffer.room
        unsafe header = room.bindMemory(to: bpio_fuse_queue_header.self, capacity: 1)
        unsafe aside = room + Self.asidePlace
        unsafe vectors.initialize(
            to: iovec(iov_base: header, iov_len: MemoryLayout<bpio_fuse_queue_header>.size))
        unsafe (vectors + 1).initialize(to: iovec(iov_base: buffer.start, iov_len: capacity))
    }

    deinit { unsafe vectors.deallocate() }

    /// `struct iovec[2]` for the kernel, valid as long as the entry.
    @unsafe var registration: UnsafePointer<iovec> { unsafe UnsafePointer(vectors) }

    /// What the kernel calls the request while it waits for the reply.
    var commitID: UInt64 { unsafe header.pointee.commit_id }

    // MARK: Requests

    /// A request came: puts its parts together in front of its data.
    ///
    /// - Returns: the bytes before the data and of the whole message; nil for one that makes no sense,
    ///   which is answered.
    func open() -> (room: Int, length: Int)? {
        phase.store(.carried, ordering: .relaxed)
        let raw = unsafe UnsafeRawPointer(header)
        let length = Int(unsafe raw.load(as: UInt32.self))
        let payload = Int(unsafe header.pointee.payload_size)
        let operation = length - RequestHeader.size - payload
        guard operation >= 0, operation <= Self.operationSize, payload <= buffer.capacity else {
            ReplyTicket(unique: unique, channel: self).fail(.ioError)
            return nil
        }
        let data = unsafe buffer.start
        unsafe (data - operation).copyMemory(
            from: raw + Self.operationSize, byteCount: operation)
        let room = operation + RequestHeader.size
        unsafe (data - room).copyMemory(from: raw, byteCount: RequestHeader.size)
        return (room, length)
    }

    /// Of the request in `struct fuse_in_header`.
    var unique: UInt64 {
        unsafe UnsafeRawPointer(header).load(fromByteOffset: 8, as: UInt64.self)
    }

    /// Somebody used the reply.
    var isAnswered: Bool { phase.load(ordering: .acquiring) == .answered }

    /// After the request was carried. False: nobody answered yet, and whoever does hands the entry back.
    func settle() -> Bool {
        !phase.compareExchange(
            expected: .carried, desired: .kept, ordering: .acquiringAndReleasing
        ).exchanged
    }

    // MARK: Replies

    /// A reply that lies in the buffer already stays there; a small one is kept aside, because the
    /// service may still look at the request's data.
    func send(_ message: Span<UInt8>) throws(Errno) {
        let size = ReplyTicket.headerSize
        guard message.count >= size, message.count - size <= buffer.capacity else {
            throw .invalidArgument
        }
        let count = message.count - size
        unsafe message.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress else { return }
            unsafe UnsafeMutableRawPointer(header).copyMemory(from: start, byteCount: size)
            let isInPlace = unsafe start + size == UnsafeRawPointer(buffer.start)
            let isAside = !isInPlace && count <= Self.asideSize
            if !isInPlace, count > 0 {
                unsafe (isAside ? aside : buffer.start).copyMemory(
                    from: start + size, byteCount: count)
            }
            body = (count, isAside)
        }
        if phase.exchange(.answered, ordering: .acquiringAndReleasing) == .kept {
            queue.takeBack(self)
        }
    }

    /// - Parameter count: bytes that were read, or a negative errno.
    func answer(read count: Int) {
        let ticket = ReplyTicket(unique: unique, channel: self)
        if count < 0 {
            ticket.fail(Errno(rawValue: Int32(truncatingIfNeeded: -count)))
        } else {
            ticket.succeed(count, of: buffer)
        }
    }

    /// The reply as the kernel takes it. Only when answered.
    func prepareCommit() {
        if body.isAside { unsafe buffer.start.copyMemory(from: aside, byteCount: body.count) }
        unsafe header.pointee.payload_size = UInt32(body.count)
    }

    func openBacking(_ descriptor: Int32) throws(Errno) -> Int32 {
        try queue.channel.openBacking(descriptor)
    }

    func closeBacking(_ number: Int32) { queue.channel.closeBacking(number) }

    var lasting: any ReplyChannel { queue.channel }
}
