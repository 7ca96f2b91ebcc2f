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
    /// of more than 4,096 bytes keeps only its last names, behind "…/". Of a nameless file it is
    /// the path of a directory.
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
    /// As it was opened.
    public let options: CreateParameters.Options
    /// See ``CreateParameters/isNameless``.
    public let isNameless: Bool
    public let access: CreateParameters.Access
    /// Its bypass, and whether its handle exists.
    let handle = BypassHandle()
    /// Set right after the open. Relaxed: no other data depends on it.
    let hasNoCache = Atomic<Bool>(false)
    /// Relaxed, as `hasNoCache`.
    let wasGrantedToKernel = Atomic<Bool>(false)
    /// Where the file system keeps the data; nil for a file without data.
    public let storage: StorageHandle?
    init(
        volume: Volume, stream: Stream, opened: OpenedFile, parameters: CreateParameters,
        requestor: Requestor
    ) {
        self.volume = volume
        self.stream = stream
        openedPath = parameters.pathFromRoot
        options = parameters.options
        isNameless = parameters.isNameless
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

    /// Opened without the cache. BypassIO concerns the reads of such handles only.
    @inline(__always)
    public var isNonCached: Bool { options.contains(.nonCached) }

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

    /// The kernel read it by itself at some time, asking or not.
    public var hasHadKernelReads: Bool { wasGrantedToKernel.load(ordering: .relaxed) }

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

/// A file object has a handle until ``close()``, and exists until the last request and the last
/// queue let go of it: cleanup and close, as in Windows' object manager.
extension FileObject {
    /// Ends the handle: disables bypass, waits for the stream's bypassed reads, and sends
    /// IRP_MJ_CLEANUP. IRP_MJ_CLOSE follows when nothing refers to the file object any more, at
    /// once or when the last queue or request lets go. A second call does nothing.
    public func close() {
        guard volume.endHandle(self) else { return }
        send(.cleanup)
        handle.setCleanedUp()
        release()
    }

    /// Undoes an open that the file system let through and the post callback of `instance` failed.
    /// Cleanup and close go to the layers below the instance, which saw the open succeed. A filter
    /// may hold the file object already; it is closed when the last holder lets go.
    func undoOpen(below instance: FilterInstance?) {
        guard volume.endHandle(self) else { return }
        if let instance { hide(above: instance) }
        send(.cleanup)
        handle.setCleanedUp()
        release()
    }

    func hide(above instance: FilterInstance) { hiddenAbove.withLock { $0 = instance } }

    /// Where a request enters that is sent from below `instance`, or from the top.
    func entrance(below instance: FilterInstance?) -> FilterInstance? {
        guard let hidden = hiddenAbove.current else { return instance }
        guard let instance, instance.altitude < hidden.altitude else { return hidden }
        return instance
    }

    /// Counts a request or a queue in; false once the handle is gone, or, for a request that
    /// `instance` sends, once the cleanup is over. The count never rises from zero, so a close is
    /// sent once.
    func retain(for instance: FilterInstance? = nil) -> Bool {
        references.addUnlessZero { instance == nil ? handle.isClosed : handle.isCleanedUp }
    }

    /// By the rule for a request that a filter sends.
    func retainUntilCleanedUp() -> Bool { references.addUnlessZero { handle.isCleanedUp } }

    func release() {
        let left = references.wrappingSubtract(1, ordering: .acquiringAndReleasing).newValue
        assert(left >= 0)
        guard left == 0 else { return }
        volume.countOutCachedUses(of: self)
        // First: once the file system lets go, its number may stand for another file.
        let isLast = volume.closeStream(of: self)
        if !Mutant.noClose.isPlanted { send(.close) }
        _ = hiddenAbove.take()
        forgetContexts()
        // A detach finds only the contexts of open streams.
        if isLast { stream.contexts.removeAll { _ in true } }
    }

    private func send(_ parameters: IOParameters) {
        guard volume.carries(parameters.majorFunction) else {
            // Neither a cleanup nor a close fails.
            _ = try? volume.perform(parameters, on: self, buffer: nil, for: requestor)
            return
        }
        SpareRequest.with(parameters, fileObject: self, requestor: requestor) { data in
            volume.carry(data, below: entrance(below: nil))
        }
    }

    func forgetContexts() {
        let me = ObjectIdentifier(self)
        stream.contexts.removeAll { $0.fileObject == me }
    }
}

extension FileObject {
    /// The present path from the volume's root, where ``openedPath`` is the path at the open
    /// (`FltGetFileNameInformation` with FLT_FILE_NAME_NORMALIZED). Asks the file system directly,
    /// past all filters. As any name, the answer may be outdated when it comes.
    ///
    /// Throws `NTStatus.objectNameNotFound` if the file has no name any more, and
    /// `NTStatus.fileClosed` once the file object's cleanup is over.
    public func currentPath() throws(IOFailure) -> String {
        guard retainUntilCleanedUp() else { throw IOFailure(.fileClosed) }
        defer { release() }
        return try volume.fileSystem.path(of: self)
    }
}

extension CallbackData {
    /// The present path of the request's file. For a create that has not reached the file system:
    /// the path that it asks for, below its directory's present path. That path is not normalised:
    /// symbolic links and `..` are as the program wrote them.
    ///
    /// Throws as ``FileObject/currentPath()``.
    public func currentPath() throws(IOFailure) -> String {
        if let fileObject { return try fileObject.currentPath() }
        guard case .create(let create) = asked else { throw IOFailure(.invalidParameter) }
        guard let base = try create.directory?.currentPath(), !base.isEmpty else {
            return create.path.string
        }
        return create.path.isEmpty ? base : "\(base)/\(create.path.string)"
    }
}

// What another process needs to go on with the open.
extension FileObject {
    /// nil if the file system cannot tell, or the file is closed.
    public var handedOpen: HandedOpen? {
        isClosed ? nil : volume.fileSystem.handedOpen(of: self)
    }

    /// ``beginCachedUse(isMapped:)`` of a mapping was announced.
    public var isInMappedUse: Bool { handle.isCounted(.mapped) }
}
