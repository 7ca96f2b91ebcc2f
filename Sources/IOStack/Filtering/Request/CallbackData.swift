public import BypassIOProtocol
import Synchronization

/// A request on its way through the stack: `FLT_CALLBACK_DATA` with its `IO_STATUS_BLOCK`.
///
/// One thread carries a request, runs every callback and is the only one to touch the members. The
/// exception is a pended request: its filter owns it until it calls
/// ``completePendedPreOperation(_:_:)`` or ``completePendedPostOperation(_:)``, which hands it
/// back.
///
/// Valid until its last callback returned. Later the object may stand for another request, unless a
/// filter still holds a reference.
//
// The members' exclusive access is checked in debug builds only: the checks of one request cost
// more than all its work.
public final class CallbackData: @unchecked Sendable {
    /// How the request got into the stack.
    public struct Flags: OptionSet, Sendable, Hashable {
        public let rawValue: UInt32
        public init(rawValue: UInt32) { self.rawValue = rawValue }

        /// Sent by a filter through its instance (`FLTFL_CALLBACK_DATA_GENERATED_IO`).
        public static let generatedIO = Flags(rawValue: 0x10000)
        /// Sent again by the manager, because bypass was withdrawn while it was under way: an
        /// ENABLE, a new request each time (`FLTFL_CALLBACK_DATA_REISSUED_IO`).
        public static let reissued = Flags(rawValue: 0x20000)
        /// A copy for the post callback of an instance that is going away. The callback only cleans
        /// up what its pre callback left; the request itself goes on without the instance
        /// (`FLTFL_CALLBACK_DATA_DRAINING`, `FLTFL_POST_OPERATION_DRAINING`).
        public static let draining = Flags(rawValue: 0x40000)
        /// A question, not a transfer: the kernel does the read by itself and waits for the answer.
        /// There is no buffer. A pre-read callback lets it pass, holds it by pending, or completes
        /// it with a failure, which the program gets. Post callbacks come with ``draining``. (Ours;
        /// Windows has no such reads.)
        public static let kernelRead = Flags(rawValue: 0x8000_0000)
        /// On its way up (`FLTFL_CALLBACK_DATA_POST_OPERATION`).
        public static let postOperation = Flags(rawValue: 0x80000)
    }

    /// The request's function, fixed for good.
    #if !DEBUG
        @safe @exclusivity(unchecked)
    #endif
    public private(set) var majorFunction: MajorFunction
    /// What is asked. A pre callback may change it within the same major function; another one has
    /// no effect. Layers below see the change. The filter's own post callback, and layers above,
    /// see the earlier value again. (`FltSetCallbackDataDirty` is not needed: every change counts.)
    public var parameters: IOParameters {
        get { asked }
        set {
            guard newValue.majorFunction == majorFunction else { return }
            keepReceived()
            asked = newValue
        }
    }
    #if !DEBUG
        @safe @exclusivity(unchecked)
    #endif
    private(set) var asked: IOParameters
    /// The request's file; nil only before a create has reached the file system.
    #if !DEBUG
        @safe @exclusivity(unchecked)
    #endif
    public internal(set) var fileObject: FileObject?
    #if !DEBUG
        @safe @exclusivity(unchecked)
    #endif
    public internal(set) var requestor: Requestor
    /// The data of a read or a write; nil for every other request and for a kernel read.
    ///
    /// A pre callback may replace it by a buffer of its own; layers below then read into that, or
    /// write from it. The filter's post callback sees the earlier buffer again. So it copies the
    /// data read from its own buffer, which it passed on as ``CompletionContext``. The new buffer
    /// must hold the request's bytes and come from ``Volume/makeBuffer(capacity:)``. A detach waits
    /// for such a request, because only the callback can copy. If there is no buffer, none can be
    /// set.
    public var buffer: (any IOBuffer)? {
        get { transferred }
        set {
            guard transferred != nil, newValue != nil else { return }
            keepReceived()
            transferred = newValue
        }
    }
    #if !DEBUG
        @safe @exclusivity(unchecked)
    #endif
    private var transferred: (any IOBuffer)?
    /// Parameters and buffer as the running pre callback received them, if it changed any.
    #if !DEBUG
        @safe @exclusivity(unchecked)
    #endif
    private(set) var received: ReceivedRequest?
    /// A pre callback changed something. Kept apart from ``received``, because nearly no request is
    /// changed.
    #if !DEBUG
        @safe @exclusivity(unchecked)
    #endif
    private(set) var isChanged = false
    /// Valid in post callbacks. A filter sets it before it completes a request itself.
    #if !DEBUG
        @safe @exclusivity(unchecked)
    #endif
    public var ioStatus = IOStatusBlock.success
    /// The request's result; for a file-system control the output, `.bytes`.
    #if !DEBUG
        @safe @exclusivity(unchecked)
    #endif
    public var result = IOResult.none
    #if !DEBUG
        @safe @exclusivity(unchecked)
    #endif
    public internal(set) var flags: Flags = []

    /// How far down the chain the request is; see ``FilterManager``.
    #if !DEBUG
        @safe @exclusivity(unchecked)
    #endif
    var descent = FilterDescent()
    /// Set while an instance's pre callback runs. Only there is a BypassIO veto allowed.
    #if !DEBUG
        @safe @exclusivity(unchecked)
    #endif
    var preOperationInstance: FilterInstance?
    /// For an ENABLE: the counts that the file system must find unchanged.
    #if !DEBUG
        @safe @exclusivity(unchecked)
    #endif
    var enableTicket: EnableTicket?
    /// The file system found them changed, and so enabled nothing.
    #if !DEBUG
        @safe @exclusivity(unchecked)
    #endif
    var isEnableOutdated = false
    /// The keeper of a pended request.
    #if !DEBUG
        @safe @exclusivity(unchecked)
    #endif
    var keeper: RequestParking.Keeper?
    /// The instance whose post callback kept the request.
    #if !DEBUG
        @safe @exclusivity(unchecked)
    #endif
    var keptBy: FilterInstance?
    /// The running pre callback, or the keeper, has vetoed and so completed the request.
    #if !DEBUG
        @safe @exclusivity(unchecked)
    #endif
    var isRefused = false
    /// A create, or an ENABLE that turned bypass on. It is undone if it fails on its way up.
    #if !DEBUG
        @safe @exclusivity(unchecked)
    #endif
    var canBeUndone: Bool
    /// For such a request: the last instance whose post callback found it successful. If the
    /// request failed in the end, that instance made it fail.
    #if !DEBUG
        @safe @exclusivity(unchecked)
    #endif
    var succeededAt: FilterInstance?
    /// Made by the first to come, the completer or the carrier that waits for it. The release in
    /// storeIfNil and the acquire in load publish the whole object.
    private let pendedAt = AtomicLazyReference<RequestParking>()
    /// Relaxed: set before ``pendedAt``, and read when no other thread holds the request.
    private let hasParking = Atomic(false)

    init(
        _ parameters: IOParameters, fileObject: FileObject?, requestor: Requestor,
        buffer: (any IOBuffer)? = nil
    ) {
        majorFunction = parameters.majorFunction
        canBeUndone = parameters.majorFunction == .create
        asked = parameters
        self.fileObject = fileObject
        self.requestor = requestor
        transferred = buffer
    }

    /// Where the request waits while a filter keeps it.
    var parking: RequestParking {
        if let known = pendedAt.load() { return known }
        hasParking.store(true, ordering: .relaxed)
        return pendedAt.storeIfNil(RequestParking())
    }

    /// A filter kept or completed it. Completions that came too early or too often are kept for
    /// this request, so the object is not reused.
    var wasPended: Bool { hasParking.load(ordering: .relaxed) }

    /// The program that sent the request was interrupted or killed while a filter kept it, and
    /// waits no more. The filter's work on it is of no use (`FltIsIoCanceled`).
    public var isCancelled: Bool { pendedAt.load()?.isCancelled ?? false }

    /// Has `body` called, once, if the request is cancelled while the pre callback of `instance`
    /// keeps it (`FltSetCancelCompletion`). It runs on the thread that reports the cancellation,
    /// under no lock. It should see to it that the request is completed soon, and may complete it
    /// itself.
    ///
    /// A filter that does not do so does not hold up the program, which has EINTR already. When the
    /// request is completed, it ends with `NTStatus.cancelled` and goes no further, whatever the
    /// filter answers.
    ///
    /// - Returns: `NTStatus.cancelled` if the request was cancelled before; then `body` is not
    ///   called.
    @discardableResult
    public func setCancelHandler(
        _ instance: FilterInstance, _ body: @escaping @Sendable () -> Void
    ) -> NTStatus {
        parking.callWhenCancelled(RequestParking.Keeper(instance, .down), body)
            ? .success : .cancelled
    }

    /// Releases everything that outlives the request.
    func finish() {
        fileObject = nil
        transferred = nil
        if isChanged {
            received = nil
            isChanged = false
        }
        succeededAt = nil
        if case .none = result {} else { result = .none }
    }

    /// Turns a finished request into a new one.
    func begin(
        _ parameters: IOParameters, fileObject: FileObject?, requestor: Requestor,
        buffer: (any IOBuffer)?
    ) {
        assert(preOperationInstance == nil && keeper == nil && keptBy == nil && !isRefused)
        majorFunction = parameters.majorFunction
        canBeUndone = parameters.majorFunction == .create
        asked = parameters
        self.fileObject = fileObject
        self.requestor = requestor
        transferred = buffer
        ioStatus = .success
        flags = []
        enableTicket = nil
        isEnableOutdated = false
    }

    /// A change on the way up affects no layer below, so it is not kept.
    private func keepReceived() {
        guard received == nil, !flags.contains(.postOperation) else { return }
        received = ReceivedRequest(parameters: asked, buffer: transferred)
        isChanged = true
    }

    /// The pre callback of the node `index` is over: notes its changes.
    func noteChanges(at index: Int) {
        guard let received = received.take() else { return }
        descent.noteChange(at: index, received)
    }

    /// Undoes the changes of the pre callbacks of the node `index` and of those below it.
    func restore(from index: Int) {
        while let received = descent.takeChange(from: index) {
            asked = received.parameters
            transferred = received.buffer
        }
    }

    /// The request's data goes through another buffer than the request came with.
    var hasSwappedBuffer: Bool {
        guard isChanged, let received = descent.firstChange else { return false }
        return received.buffer !== transferred
    }

    /// Ends the request with a failure; for a pre callback that returns
    /// ``PreOperationResult/complete``.
    public func fail(_ status: NTStatus, hostErrno: Int32 = 0) {
        ioStatus = IOStatusBlock(status, information: 0, hostErrno: hostErrno)
    }

    /// STATUS_PENDING and STATUS_FLT_DISALLOW_FAST_IO end no request. If a filter completes a
    /// request with them, it fails, as a refused completion of a pended request does.
    func refuseUnfinishedStatus() {
        // Nearly every request ends so.
        if ioStatus.status.rawValue == 0 { return }
        if ioStatus.status == .pending || ioStatus.status == .fltDisallowFastIO {
            fail(.invalidParameter)
        }
    }

    /// The kernel asks about a read of its own: see ``Flags/kernelRead``.
    public var isKernelRead: Bool { flags.contains(.kernelRead) }

    /// The post callback is called because the instance goes away: see ``Flags/draining``.
    public var isDraining: Bool { flags.contains(.draining) }

    /// Goes on with a request that the pre callback of `instance` pended, as if it had returned
    /// `result` then (`FltCompletePendedPreOperation`). Callable from any thread, once, even before
    /// the callback has returned.
    ///
    /// Changes nothing and returns `NTStatus.invalidParameter` if `result` is `pending`, and
    /// `NTStatus.fltInvalidAsynchronousRequest` if `instance` completed it before or if the request
    /// waits for another keeper: another instance, or this instance's post callback. If a filter
    /// completes a request and then does not pend it, the completion has no effect.
    @discardableResult
    public func completePendedPreOperation(
        _ instance: FilterInstance, _ result: PreOperationResult
    ) -> NTStatus {
        if case .pending = result { return .invalidParameter }
        return parking.resume(
            .preOperation(result), by: RequestParking.Keeper(instance, .down))
    }

    /// Goes on with a request that the post callback of `instance` kept
    /// (`FltCompletePendedPostOperation`). As ``completePendedPreOperation(_:_:)``.
    @discardableResult
    public func completePendedPostOperation(_ instance: FilterInstance) -> NTStatus {
        parking.resume(.postOperation, by: RequestParking.Keeper(instance, .up))
    }
}

/// A request as a pre callback received it, kept from its first change on.
final class ReceivedRequest: Sendable {
    let parameters: IOParameters
    let buffer: (any IOBuffer)?

    init(parameters: IOParameters, buffer: (any IOBuffer)?) {
        self.parameters = parameters
        self.buffer = buffer
    }
}
