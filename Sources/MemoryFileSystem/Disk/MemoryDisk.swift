public import BypassIOProtocol
import Dispatch
public import IOStack
import SystemPackage

/// A storage driver that keeps bytes in memory, for tests of the stack and of filters.
///
/// A test decides its answers to BypassIO, which reads fail, and, with ``holdReads()``, when reads
/// finish. So a test can bring about every state of a read in flight without timing.
///
/// Usable from any thread. Lock order: the file system's tree → the disk's state → an engine's
/// inbox. Nothing else is called under any of them.
public final class MemoryDisk: StorageDriver {
    public let name: String
    public let storageType: String
    /// Non-cached reads must be aligned to this to bypass, in bytes; a power of 2.
    public let offsetAlignment: UInt32

    /// The order in which an engine returns completed reads.
    public enum CompletionOrder: Sendable {
        case firstInFirstOut
        case lastInFirstOut
    }

    /// Gets every read when it reaches the disk and when its bytes have been copied, on the
    /// thread that does it and without any lock of the disk.
    public struct ReadObserver: Sendable {
        public var began: @Sendable (StorageExtent) -> Void
        public var finished: @Sendable (StorageExtent) -> Void

        public init(
            began: @escaping @Sendable (StorageExtent) -> Void,
            finished: @escaping @Sendable (StorageExtent) -> Void
        ) {
            self.began = began
            self.finished = finished
        }
    }

    /// A handle's reference to an object, as a descriptor refers to a file.
    struct Handle {
        let object: Int
        let appends: Bool
    }

    struct State {
        var supportsBypassIO = true
        var veto: StorageVeto?
        var controls: [StorageBypassIOOperation] = []
        var completionOrder = CompletionOrder.firstInFirstOut
        var objects: [Int: [UInt8]] = [:]
        var nextObject = 1
        var handles: [StorageHandle: Handle] = [:]
        var nextHandle: Int32 = 1
        var reads: [StorageExtent] = []
        var writes: [StorageExtent] = []
        var readErrno: Int32?
        var writeErrno: Int32?
        var observer: ReadObserver?
        var isHolding = false
        var held: [HeldRead] = []
        var waiters: [(count: Int, arrived: DispatchSemaphore)] = []
    }
    let state = Guarded(State())

    public init(
        name: String = "memdisk", storageType: String = "Memory", supportsBypassIO: Bool = true,
        offsetAlignment: UInt32 = 1
    ) {
        precondition(offsetAlignment.nonzeroBitCount == 1, "an alignment is a power of 2")
        self.name = name
        self.storageType = storageType
        self.offsetAlignment = offsetAlignment
        state.withLock { $0.supportsBypassIO = supportsBypassIO }
    }

    // MARK: BypassIO

    public var supportsBypassIO: Bool {
        get { state.withLock { $0.supportsBypassIO } }
        set { state.withLock { $0.supportsBypassIO = newValue } }
    }

    /// The driver's answer to ENABLE and QUERY; nil agrees.
    public var veto: StorageVeto? {
        get { state.withLock { $0.veto } }
        set { state.withLock { $0.veto = newValue } }
    }

    /// Every IOCTL_STORAGE_MANAGE_BYPASS_IO that reached the driver, in order.
    public var controls: [StorageBypassIOOperation] { state.withLock { $0.controls } }

    public func manageBypassIO(_ input: StorageBypassIOInput) -> StorageVeto? {
        state.withLock { state in
            state.controls.append(input.operation)
            return state.veto
        }
    }

    // MARK: Counts and failures

    /// Every read that reached the driver, in order, held and failed ones included.
    public var reads: [StorageExtent] { state.withLock { $0.reads } }
    public var writes: [StorageExtent] { state.withLock { $0.writes } }

    /// The errno of every read; nil lets reads succeed.
    public var readErrno: Int32? {
        get { state.withLock { $0.readErrno } }
        set { state.withLock { $0.readErrno = newValue } }
    }

    /// The errno of every write; nil lets writes succeed.
    public var writeErrno: Int32? {
        get { state.withLock { $0.writeErrno } }
        set { state.withLock { $0.writeErrno = newValue } }
    }

    /// Must be set before the reads that it shall see.
    public var readObserver: ReadObserver? {
        get { state.withLock { $0.observer } }
        set { state.withLock { $0.observer = newValue } }
    }

    public var completionOrder: CompletionOrder {
        get { state.withLock { $0.completionOrder } }
        set { state.withLock { $0.completionOrder = newValue } }
    }

    // MARK: Transfers

    public func makeBuffer(capacity: Int) throws(IOFailure) -> any IOBuffer {
        guard capacity >= 0 else { throw IOFailure(.invalidParameter) }
        return HeapBuffer(capacity: capacity)
    }

    /// Reads; sleeps while the read is held.
    public func read(_ extent: StorageExtent, into buffer: any IOBuffer) throws(IOFailure) -> Int {
        let released = DispatchSemaphore(value: 0)
        if !admit(extent, release: { released.signal() }) { released.wait() }
        return try transfer(extent, into: buffer)
    }

    /// Copies the bytes of a read that was admitted or released.
    func transfer(_ extent: StorageExtent, into buffer: any IOBuffer) throws(IOFailure) -> Int {
        defer { readObserver?.finished(extent) }
        let bytes = try state.withLock { state throws(IOFailure) in
            if let errno = state.readErrno { throw IOFailure(errno: Errno(rawValue: errno)) }
            let object = try state.object(of: extent.handle)
            let all = state.objects[object, default: []]
            guard extent.offset < UInt64(all.count) else { return ArraySlice<UInt8>() }
            let first = Int(extent.offset)
            return all[first..<min(all.count, first + max(0, extent.length))]
        }
        buffer.withMutableBytes(bytes.count) { $0.copy(bytes.span) }
        return bytes.count
    }

    public func write(_ extent: StorageExtent, from buffer: any IOBuffer) throws(IOFailure) -> Int {
        let bytes = buffer.withBytes(extent.length) { [UInt8](copying: $0) }
        return try state.withLock { state throws(IOFailure) in
            state.writes.append(extent)
            if let errno = state.writeErrno { throw IOFailure(errno: Errno(rawValue: errno)) }
            guard let handle = state.handles[extent.handle] else {
                throw IOFailure(errno: .badFileDescriptor)
            }
            let size = state.objects[handle.object, default: []].count
            let start = handle.appends ? size : Int(clamping: extent.offset)
            guard start <= Self.largestObject - bytes.count else {
                throw IOFailure(errno: .fileTooLarge)
            }
            state.resize(handle.object, to: max(size, start + bytes.count))
            state.objects[handle.object]?.replaceSubrange(
                start..<start + bytes.count, with: bytes)
            return bytes.count
        }
    }

    /// 1 GiB, to spare the machine's memory.
    static let largestObject = 1 << 30

    public func makeReadEngine(
        depth: Int, slotSize: Int
    ) throws(IOFailure) -> any StorageReadEngine {
        guard depth > 0, slotSize > 0 else { throw IOFailure(.invalidParameter) }
        return MemoryReadEngine(self, depth: depth, slotSize: slotSize)
    }
}

extension MemoryDisk.State {
    func object(of handle: StorageHandle) throws(IOFailure) -> Int {
        // EBADF: the file system has closed the handle.
        guard let found = handles[handle] else { throw IOFailure(errno: .badFileDescriptor) }
        return found.object
    }

    /// Cuts an object or fills it up with zeros.
    mutating func resize(_ object: Int, to size: Int) {
        let old = objects[object, default: []].count
        if size > old {
            objects[object, default: []].append(contentsOf: repeatElement(0, count: size - old))
        } else {
            objects[object]?.removeLast(old - size)
        }
    }
}
