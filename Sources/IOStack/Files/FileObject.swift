import BypassIOProtocol
import Synchronization
import SystemPackage

/// One open of a file (`FILE_OBJECT`): what a descriptor refers to, shared by its duplicates.
///
/// Usable from any thread. Ends with ``close()``; one that is dropped without it releases what it
/// holds, but filters see no cleanup and no close of it.
public final class FileObject: BypassHolder, Sendable {
    public let volume: Volume
    public let stream: Stream
    /// The path it was opened by, from the volume's root, as the names were then; of one that is
    /// longer than 4,096 bytes the last names, behind "…/".
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
    /// Whose own open it is, or whose post callback failed it: filters from there up know nothing
    /// of the file object, so whatever is sent about it enters below.
    let hiddenAbove = GuardedOnDemand<FilterInstance>()

    // What is smaller than a word comes last: a process may hold a million of these.
    public let requestor: Requestor
    /// Opened without the cache: BypassIO concerns the reads of such handles only.
    public let isNonCached: Bool
    public let access: CreateParameters.Access
    /// Its bypass, and whether its handle is there.
    let handle = BypassHandle()
    /// Set right after the open; relaxed, since it stands alone.
    let hasNoCache = Atomic<Bool>(false)
    /// Where the file system keeps the data; nil for what has none.
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

    /// Bypass is enabled on this file object; its reads may still take the traditional route.
    public var isBypassEnabled: Bool { handle.isEnabled }

    /// ``close()`` was called.
    public var isClosed: Bool { handle.isClosed }

    /// Whether `instance` is too late to send requests about this file object: a filter may until
    /// the cleanup that follows ``close()`` is over, everybody else until ``close()``.
    func isGone(for instance: FilterInstance?) -> Bool {
        instance == nil ? isClosed : handle.isCleanedUp
    }

    /// Reads so far by route, and the traditional ones of an enabled file object by cause.
    public var readsByRoute: [ReadRoute: UInt64] { counters.byRoute }
    public var traditionalReadsByCause: [TraditionalCause: UInt64] { counters.byCause }

    /// Why a read would take the traditional route although bypass is enabled, as it stands; nil if
    /// it would not, whatever its alignment.
    public var traditionalCause: TraditionalCause? {
        if !isNonCached { return .cachedHandle }
        return stream.traditionalCause
            ?? (volume.isFilterAttachBlocked ? .filterAttachBlocked : nil)
    }

    /// Reads that the kernel carried itself after it had asked; those that passed unseen are not
    /// known.
    public var gatedKernelReads: UInt64 { counters.gatedReads.count }

    /// Bytes that ``gatedKernelReads`` asked for, in whole pages as the kernel asks.
    public var gatedKernelBytes: UInt64 { counters.gatedReads.bytes }

    // MARK: The route of a read

    /// Enters the gates for a read of `length` bytes at `offset`, or says that it takes the
    /// traditional route. A bypassed read ends with ``leaveBypass(_:)``.
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
