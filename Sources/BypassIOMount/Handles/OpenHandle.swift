internal import BypassIOProtocol
internal import FUSE
internal import IOStack
internal import Synchronization
internal import SystemPackage

/// The open file behind a file handle of the kernel.
final class OpenHandle: Sendable {
    let node: Node
    let file: FileObject
    /// Pages that the kernel writes back must go to their places, but this handle can only append
    /// or bypasses the cache. Then they go through a file object of its own, opened at the first
    /// write-back.
    let needsWriteBack: Bool
    /// The handle may need write-back: its user gets two descriptors for it from the start.
    let mayTakeTwo: Bool
    /// The kernel reads and writes through its page cache.
    let usesCache: Bool
    /// The handle may write past the kernel's cache.
    let writesDirectly: Bool
    /// Each write goes to the file's end (O_APPEND).
    let appends: Bool
    private let writeBack = GuardedOnDemand<HeldFile>()

    /// nil where the mount grants the kernel no reads of its own.
    let decision: OpenDecision?
    /// The mount's.
    private let times: RequestTimes
    /// By `LayerClock`.
    private let opened = LayerClock.now

    // Reads of the service for the program. Relaxed: only people read these numbers.
    private let readsThroughFilters = Atomic<UInt64>(0)
    private let bytesThroughFilters = Atomic<UInt64>(0)
    private let readsPastFilters = Atomic<UInt64>(0)
    private let bytesPastFilters = Atomic<UInt64>(0)

    init(
        node: Node, file: FileObject, needsWriteBack: Bool, mayTakeTwo: Bool = false,
        usesCache: Bool = true,
        writesDirectly: Bool = false, appends: Bool = false, decision: OpenDecision? = nil,
        times: RequestTimes
    ) {
        self.appends = appends
        self.times = times
        self.writesDirectly = writesDirectly
        self.node = node
        self.file = file
        self.needsWriteBack = needsWriteBack
        self.mayTakeTwo = mayTakeTwo
        self.usesCache = usesCache
        self.decision = decision
    }

    /// Counted in ``Node/writableMappers``. mmap(2) refuses a file that is not open for reading.
    var mayMapForWriting: Bool {
        usesCache && file.access.contains(.read) && file.access.contains(.write)
    }

    /// The file for writing back pages of the cache.
    func writeBackFile() throws(IOFailure) -> FileObject {
        guard needsWriteBack else { return file }
        if let held = writeBack.current { return held.file }
        // Not under the lock, because an open runs filters. If two threads open at once, one file
        // is kept.
        let opened = HeldFile(
            try file.volume.open(CreateParameters(path: "", directory: file, access: .write)))
        let kept = writeBack.withLock { held -> HeldFile in
            if held == nil { held = opened }
            return held ?? opened
        }
        return kept.file
    }

    func close() {
        let held = writeBack.take()
        withExtendedLifetime(held) {}
        decision?.opener?.callOff()
        file.close()
    }
}

extension OpenHandle {
    /// When its route last changed, and why.
    var lastRouteChange: RouteChange {
        file.lastRouteChange(openedAt: opened, isByKernel: decision?.opener != nil)
    }
}

extension OpenHandle: BackingReadOwner {
    func endRead(_ count: Int, began: UInt64) {
        self.count(count, .fullBypass)
        file.endStorageRead()
        if began != 0 { times.record(.read(.serviceBypass), since: began) }
    }
}

extension OpenHandle {
    /// Counts a read of `count` bytes by `route`.
    func count(_ count: Int, _ route: ReadRoute) {
        let bytes = UInt64(max(0, count))
        if route.skipsFilters {
            readsPastFilters.wrappingAdd(1, ordering: .relaxed)
            bytesPastFilters.wrappingAdd(bytes, ordering: .relaxed)
        } else {
            readsThroughFilters.wrappingAdd(1, ordering: .relaxed)
            bytesThroughFilters.wrappingAdd(bytes, ordering: .relaxed)
        }
    }

    /// Programs' reads that the service has carried so far, without the reads that filters sent.
    var readsThroughFilterStack: (count: UInt64, bytes: UInt64) {
        (
            readsThroughFilters.load(ordering: .relaxed),
            bytesThroughFilters.load(ordering: .relaxed)
        )
    }

    var readsPastFilterStack: (count: UInt64, bytes: UInt64) {
        (readsPastFilters.load(ordering: .relaxed), bytesPastFilters.load(ordering: .relaxed))
    }
}

/// Cumulative opens and reads by route.
struct RouteTally: Sendable {
    struct Counts: Sendable {
        var opens: UInt64 = 0
        var reads: UInt64 = 0
        var bytes: UInt64 = 0
    }

    private var counts: [HandleRoute: Counts] = [:]

    subscript(route: HandleRoute) -> Counts { counts[route] ?? Counts() }

    /// Adds the present counts of a handle. The kernel's unasked reads are not counted.
    mutating func add(_ handle: OpenHandle) {
        counts[handle.firstRoute, default: Counts()].opens += 1
        let (through, past) = (handle.readsThroughFilterStack, handle.readsPastFilterStack)
        add(through.count, through.bytes, to: .traditional)
        add(past.count, past.bytes, to: .serviceBypass)
        add(handle.file.gatedKernelReads, handle.file.gatedKernelBytes, to: .gated)
    }

    private mutating func add(_ reads: UInt64, _ bytes: UInt64, to route: HandleRoute) {
        guard reads > 0 else { return }
        counts[route, default: Counts()].reads += reads
        counts[route, default: Counts()].bytes += bytes
    }
}

extension OpenHandle {
    /// The route that counts for the open: the route in its answer, or a route that an ENABLE gave
    /// it later.
    fileprivate var firstRoute: HandleRoute {
        if let decision, decision.opener != nil {
            return decision.wasGated ? .gated : .kernelBypass
        }
        return file.isBypassEnabled || readsPastFilterStack.count > 0
            ? .serviceBypass : .traditional
    }
}
