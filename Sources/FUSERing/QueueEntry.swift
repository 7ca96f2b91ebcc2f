internal import CKernelABI
internal import FUSE
internal import Glibc
internal import Locks
internal import Synchronization
internal import SystemPackage

/// The place of one request of a ``RequestQueue``: memory that the kernel knows, writes requests to
/// and takes replies from.
///
/// It belongs to one party at a time: to the kernel, to the thread whose ring the kernel gave the
/// request to, or to the thread to which that hands it over. A reply may come from any thread,
/// once.
@safe
final class QueueEntry: ReplyChannel, @unchecked Sendable {
    /// The queue that it was registered with, for ever.
    let queue: RequestQueue
    /// Everything of a request behind its first structure, and everything of a reply behind its
    /// header.
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

    private let request = Monitor(Request())

    /// The request in the entry, under the lock.
    private struct Request {
        /// In `struct fuse_in_header`; 0 where the thread that carries the request lost the entry.
        var unique = RequestID(0)
        var phase = Phase.answered
        /// The thread that carries the request has a copy, so the entry can go before the thread is
        /// done.
        var isCopied = false
        /// Bytes of the reply behind its header, and whether they lie aside.
        var body = (count: 0, isAside: false)
    }

    private enum Phase {
        /// A thread carries the request and looks for the reply itself.
        case carried
        /// That thread went on: the thread that answers hands the entry back.
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

    /// The kernel's number of the request while it waits for the reply.
    var commitID: UInt64 { unsafe header.pointee.commit_id }

    // MARK: Requests

    /// A request came: puts its parts together in front of its data.
    ///
    /// - Returns: the bytes before the data and of the whole message; nil for a message that makes
    ///   no sense, which is answered.
    func open() -> (room: Int, length: Int)? {
        request.withLock { $0 = Request(unique: unique, phase: .carried) }
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
        if let ledger = queue.channel.ledger {
            buffer.withMessage(header: room, body: payload) { ledger.came($0) }
        }
        return (room, length)
    }

    /// Of the request in `struct fuse_in_header`.
    var unique: RequestID {
        RequestID(unsafe UnsafeRawPointer(header).load(fromByteOffset: 8, as: UInt64.self))
    }

    /// The program's thread, in `struct fuse_in_header`; 0 where the service cannot see it.
    var sender: Int32 {
        unsafe UnsafeRawPointer(header).load(fromByteOffset: 32, as: Int32.self)
    }

    /// Copies the request, of which ``open()`` told the sizes. Then the thread that carries it
    /// needs the entry for nothing but the reply.
    func copy(to input: TransferBuffer, room: Int, length: Int) {
        unsafe (input.start - room).copyMemory(from: buffer.start - room, byteCount: length)
        request.withLock { $0.isCopied = true }
    }

    /// The reply was used.
    var isAnswered: Bool { request.withLock { $0.phase == .answered } }

    /// After the request was carried: whether the caller is to commit the reply. False where there
    /// is no answer yet, and where another thread has answered (``interrupt(_:)``); the thread that
    /// answers hands the entry back.
    func settle(_ unique: RequestID) -> Bool {
        request.withLock { request in
            guard request.unique == unique else { return false }
            if request.phase == .answered { return true }
            request.phase = .kept
            return false
        }
    }

    /// Answers EINTR and hands the entry back, though the request is still carried; the answer that
    /// comes then goes nowhere. Any thread. Nothing happens where it was answered, or is carried in
    /// the entry.
    func interrupt(_ unique: RequestID) {
        let isDone = request.withLock { request in
            guard request.unique == unique, request.isCopied, request.phase != .answered else {
                return false
            }
            let raw = unsafe UnsafeMutableRawPointer(header)
            unsafe raw.storeBytes(of: UInt32(ReplyTicket.headerSize), as: UInt32.self)
            unsafe raw.storeBytes(of: -EINTR, toByteOffset: 4, as: Int32.self)
            request = Request()
            return true
        }
        if isDone { queue.takeBack(self) }
    }

    // MARK: Replies

    /// A reply that lies in the buffer already stays there; a small one is kept aside, because the
    /// service may still look at the request's data.
    ///
    /// Throws `ENOENT` where the request was answered before.
    func send(_ message: Span<UInt8>) throws(Errno) {
        let size = ReplyTicket.headerSize
        guard message.count >= size, message.count - size <= buffer.capacity else {
            throw .invalidArgument
        }
        let outcome = unsafe message.withUnsafeBytes { unsafe take($0) }
        queue.channel.ledger?.replied(message, outcome == nil ? .noSuchFileOrDirectory : nil)
        switch outcome {
        case nil: throw .noSuchFileOrDirectory
        case .kept: queue.takeBack(self)
        case .carried, .answered: break
        }
    }

    /// The phase that the reply ends; nil where the request has one.
    private func take(_ reply: UnsafeRawBufferPointer) -> Phase? {
        guard let start = reply.baseAddress else { return nil }
        let size = ReplyTicket.headerSize
        let count = reply.count - size
        return request.withLock { request in
            let unique = RequestID(
                unsafe start.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            guard request.unique == unique, request.phase != .answered else { return nil }
            unsafe UnsafeMutableRawPointer(header).copyMemory(from: start, byteCount: size)
            let isInPlace = unsafe start + size == UnsafeRawPointer(buffer.start)
            let isAside = !isInPlace && count <= Self.asideSize
            if !isInPlace, count > 0 {
                unsafe (isAside ? aside : buffer.start).copyMemory(
                    from: start + size, byteCount: count)
            }
            request.body = (count, isAside)
            defer { request.phase = .answered }
            return request.phase
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
        let body = request.withLock { $0.body }
        if body.isAside { unsafe buffer.start.copyMemory(from: aside, byteCount: body.count) }
        unsafe header.pointee.payload_size = UInt32(body.count)
    }

    func openBacking(_ descriptor: Int32) throws(Errno) -> Int32 {
        try queue.channel.openBacking(descriptor)
    }

    func closeBacking(_ number: Int32) { queue.channel.closeBacking(number) }

    func storageFailed(_ error: Errno) { queue.channel.storageFailed(error) }

    var lasting: any ReplyChannel { queue.channel }
}
