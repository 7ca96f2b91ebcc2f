internal import FUSE
internal import IOStack
internal import Synchronization
internal import SystemPackage

/// What the kernel's file handle stands for: an open file object.
final class OpenHandle: Sendable {
    let node: Node
    let file: FileObject
    /// Pages that the kernel writes back go where they belong, even if this handle can only append
    /// or bypasses the cache: then through a file object of its own, made when it is needed first.
    let needsWriteBack: Bool
    /// It may come to that: its user has two descriptors for it from the beginning.
    let mayTakeTwo: Bool
    /// The kernel reads and writes through its page cache.
    let usesCache: Bool
    /// It may write past the kernel's cache.
    let writesDirectly: Bool
    private let writeBack = GuardedOnDemand<HeldFile>()

    /// nil where the mount leaves the kernel no reads of its own.
    let decision: OpenDecision?

    // What the service read for the program. Relaxed: they are numbers for people.
    private let readsThroughFilters = Atomic<UInt64>(0)
    private let bytesThroughFilters = Atomic<UInt64>(0)
    private let readsPastFilters = Atomic<UInt64>(0)
    private let bytesPastFilters = Atomic<UInt64>(0)

    init(
        node: Node, file: FileObject, needsWriteBack: Bool, mayTakeTwo: Bool = false,
        usesCache: Bool = true,
        writesDirectly: Bool = false, decision: OpenDecision? = nil
    ) {
        self.writesDirectly = writesDirectly
        self.node = node
        self.file = file
        self.needsWriteBack = needsWriteBack
        self.mayTakeTwo = mayTakeTwo
        self.usesCache = usesCache
        self.decision = decision
    }

    /// Counted in ``Node/writableMappers``. mmap(2) takes no file that cannot be read.
    var mayMapForWriting: Bool {
        usesCache && file.access.contains(.read) && file.access.contains(.write)
    }

    /// The file that pages from the cache are written through.
    func writeBackFile() throws(IOFailure) -> FileObject {
        guard needsWriteBack else { return file }
        if let held = writeBack.current { return held.file }
        // Not under the lock: an open runs filters. Of two that come at once, one is kept.
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

extension OpenHandle: BackingReadOwner {
    func endRead(_ count: Int) {
        self.count(count, .fullBypass)
        file.endStorageRead()
    }
}

extension OpenHandle {
    /// Counts a read that brought `count` bytes by `route`.
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

    /// Programs' reads that the service carried so far, without those that filters sent themselves.
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
