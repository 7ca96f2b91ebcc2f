public import LinuxKit
public import SystemPackage

/// Reads files into the slots of a slab of buffers, many at a time; past the page cache if the
/// descriptors were opened with `O_DIRECT`.
///
/// A slot is a buffer of ``slotSize`` bytes with at most one read in flight:
///
/// ```swift
/// let engine = try ReadEngines.make(depth: 32, slotSize: 65536)
/// let file = try engine.register(descriptor)
/// engine.start(slot: 0, file: file, offset: 0, length: 65536)
/// try engine.submit(waitingFor: 1)
/// while let done = engine.nextCompletion() {
///     engine.withBytes(of: Int(done.slot), count: Int(done.result)) { bytes in … }
/// }
/// ```
///
/// To keep a fast disk busy, start the next reads and submit after each completion or two: if many
/// are collected first, the disk idles meanwhile. To save processor time, take all completions that
/// are there first.
///
/// **Thread rule.** An engine belongs to the thread that made it: every member but ``waker`` and
/// ``wake()`` is called on that thread. The thread must outlive the engine's last read, because the
/// kernel cancels the requests of a thread that exits. Debug builds assert the rule. The thread
/// must not come from Dispatch or Swift's cooperative pool. Dropping the last reference on that
/// thread closes the engine. On another thread a ring engine can neither wait for its reads, whose
/// buffers then stay mapped, nor give its ring back before its thread exits. So call ``close()``
/// first.
///
/// An engine never opens, owns or closes a file. The caller keeps a descriptor open from
/// ``register(_:)`` to ``unregister(_:)``.
public protocol ReadEngine: AnyObject, CustomStringConvertible {
    /// The number of slots, and so of reads in flight at most.
    var depth: Int { get }

    /// Bytes of a slot. Every slot starts on a page boundary.
    var slotSize: Int { get }

    /// Why a simpler mechanism is at work than was asked for, as a sentence; `nil` if none is.
    var fallbackReason: String? { get }

    /// Wakes the engine's thread, from any thread, also after the engine is gone.
    var waker: ReadEngineWaker { get }

    /// Makes a file known to the engine. One system call.
    ///
    /// - Throws: `EBADF` for a descriptor that is not open, `EMFILE`, `ENOMEM`.
    func register(_ fd: FileDescriptor) throws(Errno) -> FileIndex

    /// Forgets a file, of which no read may be in flight (checked).
    func unregister(_ file: FileIndex)

    /// Queues a read of `length` bytes at byte `offset` of the file into the slot's buffer. Makes
    /// no system call: the read starts with the next ``submit(waitingFor:timeout:wakeable:)``.
    ///
    /// The slot must be free (never started, or its completion taken), and `length` at most
    /// ``slotSize``; both are checked in every build. Direct I/O needs offset and length aligned as
    /// the file system demands; a violation comes back as `-EINVAL` in the completion.
    func start(slot: Int, file: FileIndex, offset: UInt64, length: Int)

    /// Starts every queued read and waits until `minimum` completions can be taken, in one system
    /// call unless an interruption calls for more.
    ///
    /// Completions that were ready before count. If `minimum` exceeds the outstanding reads, it
    /// waits for all of them. A signal does not end the wait.
    ///
    /// - Parameters:
    ///   - minimum: completions to wait for; 0 does not wait.
    ///   - timeout: how long to wait at most; `nil` for ever. A timeout is not an error.
    ///   - wakeable: whether `wake()` ends the wait. An earlier wake ends it at once. A wakeable
    ///     wait with nothing outstanding waits for the wake alone. A wakeable wait for several
    ///     completions may enter the kernel once for each.
    /// - Returns: completions that can be taken now.
    /// - Throws: the kernel's refusal of the submission, e.g. `ENOMEM`; queued reads stay queued.
    @discardableResult
    func submit(waitingFor minimum: Int, timeout: Duration?, wakeable: Bool) throws(Errno) -> Int

    /// Takes a completion, in the kernel's order; `nil` if none is ready.
    ///
    /// A short read is returned as it came: the end of the file. Interrupted reads (`EINTR`,
    /// `EAGAIN`) were retried. Enters the kernel only if completions wait there.
    func nextCompletion() -> ReadCompletion?

    /// The start of a free slot's buffer; prefer `withBytes(of:count:_:)`.
    ///
    /// Valid until the slot is started again or the engine is closed.
    @unsafe func address(ofSlot slot: Int) -> UnsafeMutableRawPointer

    /// Cancels and waits for all reads, then frees threads, tables and buffers. Completions not yet
    /// taken are dropped. Afterwards only `wake()` may be called; a second close is harmless. A
    /// read that the kernel can neither cancel nor finish delays the return.
    func close()
}

extension ReadEngine {
    /// ``submit(waitingFor:timeout:wakeable:)``, not wakeable.
    @discardableResult
    @inlinable
    public func submit(waitingFor minimum: Int, timeout: Duration? = nil) throws(Errno) -> Int {
        try submit(waitingFor: minimum, timeout: timeout, wakeable: false)
    }

    /// Makes a blocked wakeable wait return early, or the next wakeable wait at once. Any thread.
    ///
    /// Another thread holds ``waker`` rather than the engine, which is not `Sendable`.
    @inlinable
    public func wake() {
        waker.wake()
    }

    /// Calls `body` with the first `count` bytes of a free slot's buffer.
    @inlinable
    public func withBytes<R: ~Copyable, E: Error>(
        of slot: Int, count: Int, _ body: (RawSpan) throws(E) -> R
    ) throws(E) -> R {
        precondition(count >= 0 && count <= slotSize, "byte count beyond the slot")
        let start = unsafe UnsafeRawPointer(address(ofSlot: slot))
        return try unsafe body(RawSpan(_unsafeStart: start, byteCount: count))
    }

    /// Calls `body` with the first `count` bytes of a free slot's buffer, to change them in place.
    @inlinable
    public func withMutableBytes<R: ~Copyable, E: Error>(
        of slot: Int, count: Int, _ body: (inout MutableRawSpan) throws(E) -> R
    ) throws(E) -> R {
        precondition(count >= 0 && count <= slotSize, "byte count beyond the slot")
        var span = unsafe MutableRawSpan(
            _unsafeStart: address(ofSlot: slot), byteCount: count)
        return try body(&span)
    }
}

extension ReadEngine {
    /// Calls `body` with the first `count` bytes of a free slot's buffer.
    @inlinable
    public func withByteSpan<R: ~Copyable, E: Error>(
        of slot: Int, count: Int, _ body: (Span<UInt8>) throws(E) -> R
    ) throws(E) -> R {
        precondition(count >= 0 && count <= slotSize, "byte count beyond the slot")
        let start = unsafe address(ofSlot: slot).assumingMemoryBound(to: UInt8.self)
        return try unsafe body(Span(_unsafeStart: start, count: count))
    }

    /// Calls `body` with the first `count` bytes of a free slot's buffer, to change them in place.
    @inlinable
    public func withMutableByteSpan<R: ~Copyable, E: Error>(
        of slot: Int, count: Int, _ body: (inout MutableSpan<UInt8>) throws(E) -> R
    ) throws(E) -> R {
        precondition(count >= 0 && count <= slotSize, "byte count beyond the slot")
        let start = unsafe address(ofSlot: slot).assumingMemoryBound(to: UInt8.self)
        var span = unsafe MutableSpan(_unsafeStart: start, count: count)
        return try body(&span)
    }
}

/// The outcome of a read: its slot, and the bytes read or the error.
@frozen
public struct ReadCompletion: Equatable, Sendable {
    /// The slot given to ``ReadEngine/start(slot:file:offset:length:)``.
    public let slot: Int32
    /// Bytes read (0 at or beyond the end of the file), or a negated `errno`.
    public let result: Int32

    @inlinable
    public init(slot: Int32, result: Int32) {
        self.slot = slot
        self.result = result
    }
}
