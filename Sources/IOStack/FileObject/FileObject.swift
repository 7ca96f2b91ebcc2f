import BypassIOProtocol
import Synchronization
import SystemPackage

/// One open of a file (`FILE_OBJECT`): what a descriptor refers to, shared by its duplicates.
///
/// Usable from any thread. Ends with ``close()``; one that is dropped without it releases what it
/// holds, but filters see no cleanup and no close of it.
public final class FileObject: Sendable {
    public let volume: Volume
    public let stream: Stream
    /// The path it was opened by, from the volume's root, as the names were then; of one that is longer
    /// than 4,096 bytes the last names, behind "…/".
    public let openedPath: String
    /// The volume's, kept here because a call through a chain of objects counts references.
    let storageDriver: any StorageDriver
    /// Offsets and lengths of bypassed reads have none of these bits.
    let misalignmentMask: UInt64
    /// The file system's own object (`FsContext2`).
    public let context: any AnyObject & Sendable

    /// The handle, each queue the file is in, each request under way.
    let references = Atomic<Int>(1)
    let counters = ReadCounters()
    /// Whose own open it is, or whose post callback failed it: filters from there up know nothing of the
    /// file object, so whatever is sent about it enters below.
    let hiddenAbove = GuardedOnDemand<FilterInstance>()

    // What is smaller than a word comes last: a process may hold a million of these.
    public let requestor: Requestor
    /// Opened without the cache: BypassIO concerns the reads of such handles only.
    public let isNonCached: Bool
    public let access: CreateParameters.Access
    /// A ``StreamSuspension``: as what the stream counts it. Set under the stream's `control` lock,
    /// never cleared; a look without it, relaxed, only spares the lock.
    let cachedUses = Atomic<UInt8>(0)
    /// Set right after the open; relaxed, since it stands alone.
    let hasNoCache = Atomic<Bool>(false)
    /// Where the file system keeps the data; nil for what has none.
    public let storage: StorageHandle?
    /// Bit 0: bypass is enabled. Bit 1: the last handle is gone. Bit 2: the cleanup is over, too. The
    /// rest counts DISABLEs.
    ///
    /// The first two are written under the volume's `state` lock; read by every read with acquire
    /// ordering. Bit 2 is set once, without a lock. A read
    /// looks again after it entered the gates, so a DISABLE that cleared the bit and then drained
    /// the stream's gate has seen the last bypassed read.
    private let state = GateWord()

    private static var enabledBit: UInt64 { 1 }
    private static var closedBit: UInt64 { 2 }
    private static var bothBits: UInt64 { 3 }
    private static var cleanedUpBit: UInt64 { 4 }
    private static var oneDisable: UInt64 { 8 }
    private static var disablesMask: UInt64 { ~(bothBits | cleanedUpBit) }

    init(
        volume: Volume, stream: Stream, opened: OpenedFile, parameters: CreateParameters,
        requestor: Requestor
    ) {
        self.volume = volume
        self.stream = stream
        openedPath = parameters.pathFromRoot
        isNonCached = parameters.options.contains(.nonCached)
        access = parameters.access
        storage = opened.storage
        storageDriver = volume.stack.storage
        misalignmentMask = UInt64(opened.offsetAlignment - 1)
        context = opened.context
        self.requestor = requestor
    }

    deinit {
        guard !isClosed else { return }
        forgetContexts()
        volume.forget(self)
    }

    /// Bypass is enabled on this file object; its reads may still take the traditional route.
    public var isBypassEnabled: Bool {
        state.look(at: Self.enabledBit) != 0
    }

    /// ``close()`` was called.
    public var isClosed: Bool {
        state.look(at: Self.closedBit) != 0
    }

    /// Whether `instance` is too late to send requests about this file object: a filter may until the
    /// cleanup that follows ``close()`` is over, everybody else until ``close()``.
    func isGone(for instance: FilterInstance?) -> Bool {
        instance == nil ? isClosed : isCleanedUp
    }

    var isCleanedUp: Bool { state.look(at: Self.cleanedUpBit) != 0 }

    func setCleanedUp() { state.set(Self.cleanedUpBit) }

    /// Reads so far by route, and the traditional ones of an enabled file object by cause.
    public var readsByRoute: [ReadRoute: UInt64] { counters.byRoute }
    public var traditionalReadsByCause: [TraditionalCause: UInt64] { counters.byCause }

    /// Why a read would take the traditional route although bypass is enabled, as it stands; nil if it
    /// would not, whatever its alignment.
    public var traditionalCause: TraditionalCause? {
        if !isNonCached { return .cachedHandle }
        return stream.traditionalCause
            ?? (volume.isFilterAttachBlocked ? .filterAttachBlocked : nil)
    }

    /// Reads that the kernel carried itself after it had asked; those that passed unseen are not known.
    public var gatedKernelReads: UInt64 { counters.gatedReads.count }

    /// Bytes that ``gatedKernelReads`` asked for, in whole pages as the kernel asks.
    public var gatedKernelBytes: UInt64 { counters.gatedReads.bytes }

    /// Under the volume's `state` lock.
    func setBypassEnabled(_ enabled: Bool) {
        if enabled {
            state.set(Self.enabledBit)
        } else {
            state.clear(Self.enabledBit)
        }
    }

    /// Counts DISABLEs of this file object, those too that found it without bypass. Changes under the
    /// volume's `state` lock.
    var disables: UInt64 { state.look(at: Self.disablesMask) }

    func countDisable() {
        _ = state.countIn(Self.oneDisable, counts: Self.disablesMask, seeing: 0)
    }

    /// Returns false if it was closed already.
    func setClosed() -> Bool {
        state.set(Self.closedBit, seeing: Self.closedBit) == 0
    }

    // MARK: The route of a read

    /// Enters the gates for a read of `length` bytes at `offset`, or says that it takes the
    /// traditional route. A bypassed read ends with ``leaveBypass(_:)``.
    @inline(__always)
    func enterBypass(offset: UInt64, length: Int) -> ReadRoute {
        #if INTERLEAVING
            let mark = Interleaving.mark()
            let route = enteredRoute(offset: offset, length: length)
            Interleaving.forget(since: mark, but: route.hashValue)
            return route
        #else
            return enteredRoute(offset: offset, length: length)
        #endif
    }

    @inline(__always)
    private func enteredRoute(offset: UInt64, length: Int) -> ReadRoute {
        guard state.look(at: Self.bothBits) == Self.enabledBit else { return .traditional }
        guard isNonCached else { return counters.refuse(.cachedHandle) }
        guard (offset | UInt64(truncatingIfNeeded: length)) & misalignmentMask == 0 else {
            return counters.refuse(.misaligned)
        }
        if let cause = stream.gate.enter() { return counters.refuse(cause) }
        guard state.look(at: Self.bothBits) == Self.enabledBit else {
            stream.gate.leave()
            return .traditional
        }
        guard let route = volume.gate.enter() else {
            stream.gate.leave()
            return counters.refuse(.filterAttachBlocked)
        }
        return route
    }

    @inline(__always)
    func leaveBypass(_ route: ReadRoute) {
        assert(route.skipsFilters)
        volume.gate.leave(route)
        stream.gate.leave()
    }
}
