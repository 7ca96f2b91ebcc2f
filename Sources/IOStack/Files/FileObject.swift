import BypassIOProtocol
import Synchronization
import SystemPackage

/// One open of a file (`FILE_OBJECT`), shared by the duplicates of a descriptor.
///
/// Usable from any thread. Ends with ``close()``. If it is dropped without, it releases its
/// resources, but filters see no cleanup and no close of it.
public final class FileObject: BypassHolder, Sendable {
    public let volume: Volume
    public let stream: Stream
    /// The path by which it was opened, from the volume's root, with the names of that time. A path
    /// of more than 4,096 bytes keeps only its last names, behind "…/".
    public let openedPath: String
    /// The volume's driver, kept here because a call through a chain of objects counts references.
    let storageDriver: any StorageDriver
    /// Offsets and lengths of bypassed reads have none of these bits.
    let misalignmentMask: UInt64
    /// The file system's own object (`FsContext2`).
    public let context: any AnyObject & Sendable

    /// Counts the handle, each queue that the file is in, and each request under way.
    let references = Atomic<Int>(1)
    let counters = ReadCounters()
    /// The instance that opened the file itself, or whose post callback failed the open. Filters
    /// from there up know nothing of the file object, so all its requests enter below.
    let hiddenAbove = GuardedOnDemand<FilterInstance>()

    // Members smaller than a word come last: a process may hold a million file objects.
    public let requestor: Requestor
    /// Opened without the cache. BypassIO concerns the reads of such handles only.
    public let isNonCached: Bool
    public let access: CreateParameters.Access
    /// Its bypass, and whether its handle exists.
    let handle = BypassHandle()
    /// Set right after the open. Relaxed: no other data depends on it.
    let hasNoCache = Atomic<Bool>(false)
    /// Where the file system keeps the data; nil for a file without data.
    public let storage: StorageHandle?
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

    /// Bypass is enabled on this file object. Its reads may still take the traditional route.
    public var isBypassEnabled: Bool { handle.isEnabled }

    /// ``close()`` was called.
    public var isClosed: Bool { handle.isClosed }

    /// Whether a request about this file object is refused. A filter may send requests until the
    /// cleanup that follows ``close()`` is over, other callers until ``close()``.
    func isGone(for instance: FilterInstance?) -> Bool {
        instance == nil ? isClosed : handle.isCleanedUp
    }

    /// Reads so far by route; and, for a file object with bypass enabled, its traditional reads by
    /// cause.
    public var readsByRoute: [ReadRoute: UInt64] { counters.byRoute }
    public var traditionalReadsByCause: [TraditionalCause: UInt64] { counters.byCause }

    /// Why a read would now take the traditional route although bypass is enabled; nil if it would
    /// not, whatever its alignment.
    public var traditionalCause: TraditionalCause? {
        if !isNonCached { return .cachedHandle }
        return stream.traditionalCause
            ?? (volume.isFilterAttachBlocked ? .filterAttachBlocked : nil)
    }

    /// Reads that the kernel did by itself after it had asked. Reads that passed unseen are not
    /// counted.
    public var gatedKernelReads: UInt64 { counters.gatedReads.count }

    /// Bytes of ``gatedKernelReads``, in whole pages as the kernel asks.
    public var gatedKernelBytes: UInt64 { counters.gatedReads.bytes }

    // MARK: The route of a read

    /// Enters the gates for a read of `length` bytes at `offset`, or returns the traditional route.
    /// A bypassed read ends with ``leaveBypass(_:)``.
    @inline(__always)
    func enterBypass(offset: UInt64, length: Int) -> ReadRoute {
        let memory = StepMemory()
        let route = enteredRoute(offset: offset, length: length)
        memory.forget(but: route)
        return route
    }

    @inline(__always)
    private func enteredRoute(offset: UInt64, length: Int) -> ReadRoute {
        guard handle.mayBypass else { return .traditional }
        guard isNonCached else { return counters.refuse(.cachedHandle) }
        guard (offset | UInt64(truncatingIfNeeded: length)) & misalignmentMask == 0 else {
            return counters.refuse(.misaligned)
        }
        switch volume.bypass.enter(handle, stream.bypass) {
        case .entered(let route): return route
        case .kept(let cause): return counters.refuse(cause)
        case .disabled: return .traditional
        }
    }

    @inline(__always)
    func leaveBypass(_ route: ReadRoute) { volume.bypass.leave(route, stream.bypass) }
}
