public import BypassIOProtocol
import Synchronization

/// One request on its way through the stack: `FLT_CALLBACK_DATA` with its `IO_STATUS_BLOCK`.
///
/// A request is carried by one thread, which runs every callback. Only that thread touches the
/// members, with one exception: whoever was told `pending` owns the request until it calls
/// ``completePendedPreOperation(_:_:)`` or ``completePendedPostOperation(_:)``, which hands it
/// back.
///
/// Valid until its last callback returned: after that the object may stand for another request, but
/// not while somebody else holds it.
//
// The members' exclusive access is checked in debug builds only: the checks of one request cost
// more than all it does.
public final class CallbackData: @unchecked Sendable {
    /// How the request got into the stack.
    public struct Flags: OptionSet, Sendable, Hashable {
        public let rawValue: UInt32
        public init(rawValue: UInt32) { self.rawValue = rawValue }

        /// Sent by a filter through its instance (`FLTFL_CALLBACK_DATA_GENERATED_IO`).
        public static let generatedIO = Flags(rawValue: 0x10000)
        /// Sent again by the manager, because bypass was withdrawn while it was under way: an
        /// ENABLE, a request of its own each time (`FLTFL_CALLBACK_DATA_REISSUED_IO`).
        public static let reissued = Flags(rawValue: 0x20000)
        /// A copy for the post callback of an instance that is going away, which cleans up what its
        /// pre callback left and nothing else; the request itself goes on without the instance
        /// (`FLTFL_CALLBACK_DATA_DRAINING`, `FLTFL_POST_OPERATION_DRAINING`).
        public static let draining = Flags(rawValue: 0x40000)
        /// A question, not a transfer: the kernel carries the read itself and waits for the answer.
        /// There is no buffer. A pre-read callback lets it pass, holds it by pending, or completes
        /// it with a failure, which the program gets. Post callbacks come with ``draining``. (Ours;
        /// Windows has no such reads.)
        public static let kernelRead = Flags(rawValue: 0x8000_0000)
        /// On its way up (`FLTFL_CALLBACK_DATA_POST_OPERATION`).
        public static let postOperation = Flags(rawValue: 0x80000)
    }

    /// What kind of request it is, for good.
    #if !DEBUG
        @safe @exclusivity(unchecked)
    #endif
    public private(set) var majorFunction: MajorFunction
    /// What is asked. A pre callback may change it within the same major function: what is below
    /// sees the change. The filter's own post callback, and whoever is above, finds what was asked
    /// before. (`FltSetCallbackDataDirty` is not needed: every change counts.)
    public var parameters: IOParameters {
        get { asked }
        set {
            precondition(newValue.majorFunction == majorFunction)
            keepReceived()
            asked = newValue
        }
    }
    #if !DEBUG
        @safe @exclusivity(unchecked)
    #endif
    private(set) var asked: IOParameters
    /// The file the request is about; nil only before a create reached the file system.
    #if !DEBUG
        @safe @exclusivity(unchecked)
    #endif
    public internal(set) var fileObject: FileObject?
    #if !DEBUG
        @safe @exclusivity(unchecked)
    #endif
    public internal(set) var requestor: Requestor
    /// The data of a read or a write; nil for every other request and for a kernel's own read.
    ///
    /// A pre callback may put a buffer of its own in its place: what is below reads into that, or
    /// writes from it. The filter's post callback finds the one that was there before again, so it
    /// copies what was read from its own, which it passed on as ``CompletionContext``. The buffer
    /// has to hold the request's bytes and to come from ``Volume/makeBuffer(capacity:)``. A detach
    /// waits for such a request: nobody else could copy. Where there is no buffer none can be put.
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
    /// Parameters and buffer as the pre callback that runs received them, if it changed something.
    #if !DEBUG
        @safe @exclusivity(unchecked)
    #endif
    private(set) var received: ReceivedRequest?
    /// Some pre callback changed something. Apart from what it changed, because nearly no request
    /// is.
    #if !DEBUG
        @safe @exclusivity(unchecked)
    #endif
    private(set) var isChanged = false
    /// Valid in post callbacks, and what a filter sets before it completes a request itself.
    #if !DEBUG
        @safe @exclusivity(unchecked)
    #endif
    public var ioStatus = IOStatusBlock.success
    /// What the request brought back. For a file-system control the output, `.bytes`.
    #if !DEBUG
        @safe @exclusivity(unchecked)
    #endif
    public var result = IOResult.none
    #if !DEBUG
        @safe @exclusivity(unchecked)
    #endif
    public internal(set) var flags: Flags = []

    /// Where the request stands; see ``FilterManager``.
    #if !DEBUG
        @safe @exclusivity(unchecked)
    #endif
    var descent = FilterDescent()
    /// Set while an instance's pre callback runs: a BypassIO veto is allowed only there.
    #if !DEBUG
        @safe @exclusivity(unchecked)
    #endif
    var preOperationInstance: FilterInstance?
    /// Of an ENABLE: what the file system must find unchanged.
    #if !DEBUG
        @safe @exclusivity(unchecked)
    #endif
    var enableTicket: EnableTicket?
    /// The file system did not, and so changed nothing.
    #if !DEBUG
        @safe @exclusivity(unchecked)
    #endif
    var isEnableOutdated = false
    /// Who keeps the request, while somebody does.
    #if !DEBUG
        @safe @exclusivity(unchecked)
    #endif
    var keeper: RequestParking.Keeper?
    /// The instance whose post callback kept the request.
    #if !DEBUG
        @safe @exclusivity(unchecked)
    #endif
    var keptBy: FilterInstance?
    /// The veto of the pre callback that runs, or of who keeps the request: it has completed it.
    #if !DEBUG
        @safe @exclusivity(unchecked)
    #endif
    var isRefused = false
    /// A create, or an ENABLE that turned bypass on: undone if it fails on its way up.
    #if !DEBUG
        @safe @exclusivity(unchecked)
    #endif
    var canBeUndone: Bool
    /// Of such a request: the last instance whose post callback found it successful. If the request
    /// failed in the end, that one made it fail.
    #if !DEBUG
        @safe @exclusivity(unchecked)
    #endif
    var succeededAt: FilterInstance?
    /// Made by whoever comes first, the completer or the carrier that waits for it. The release in
    /// storeIfNil and the acquire in load make the other see it whole.
    private let pendedAt = AtomicLazyReference<RequestParking>()
    /// Relaxed: set before ``pendedAt``, and asked when nobody else holds the request.
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

    /// A filter kept it or completed it: what came too early or too often waits for this request
    /// only.
    var wasPended: Bool { hasParking.load(ordering: .relaxed) }

    /// The program that sent the request was interrupted or killed while a filter kept it, and does
    /// not wait any more: what the filter works on is of no use (`FltIsIoCanceled`).
    public var isCancelled: Bool { pendedAt.load()?.isCancelled ?? false }

    /// Has `body` called, once, if the request is cancelled while the pre callback of `instance`
    /// keeps it (`FltSetCancelCompletion`): on the thread that tells of it, under no lock. It
    /// should see to it that the request is completed soon, and may do so itself.
    ///
    /// The program is not held up by a filter that does not: it has EINTR already. The request ends
    /// with
    /// `NTStatus.cancelled` when it is completed, and goes no further, whatever the filter answers.
    ///
    /// - Returns: `NTStatus.cancelled`, and `body` is not called, if that came before.
    @discardableResult
    public func setCancelHandler(
        _ instance: FilterInstance, _ body: @escaping @Sendable () -> Void
    ) -> NTStatus {
        parking.callWhenCancelled(RequestParking.Keeper(instance, .down), body)
            ? .success : .cancelled
    }

    /// Lets go of everything that outlives the request.
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

    /// Makes a finished request another one.
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

    /// A change on the way up concerns nobody below.
    private func keepReceived() {
        guard received == nil, !flags.contains(.postOperation) else { return }
        received = ReceivedRequest(parameters: asked, buffer: transferred)
        isChanged = true
    }

    /// The pre callback of the node `index` is over: notes what it changed.
    func noteChanges(at index: Int) {
        guard let received = received.take() else { return }
        descent.noteChange(at: index, received)
    }

    /// Takes back what pre callbacks of the node `index` and of those below it changed.
    func restore(from index: Int) {
        while let received = descent.takeChange(from: index) {
            asked = received.parameters
            transferred = received.buffer
        }
    }

    /// What is read or written goes to another buffer than the request came with.
    var hasSwappedBuffer: Bool {
        guard isChanged, let received = descent.firstChange else { return false }
        return received.buffer !== transferred
    }

    /// Ends the request with a failure; for a pre callback that returns
    /// ``PreOperationResult/complete``.
    public func fail(_ status: NTStatus, hostErrno: Int32 = 0) {
        ioStatus = IOStatusBlock(status, information: 0, hostErrno: hostErrno)
    }

    /// STATUS_PENDING and STATUS_FLT_DISALLOW_FAST_IO end no request: a filter that completes one
    /// so is refused as a pended completion is, and the request fails.
    func refuseUnfinishedStatus() {
        if ioStatus.status == .pending || ioStatus.status == .fltDisallowFastIO {
            fail(.invalidParameter)
        }
    }

    /// The kernel asks for a read of its own: see ``Flags/kernelRead``.
    public var isKernelRead: Bool { flags.contains(.kernelRead) }

    /// The post callback is called because the instance goes away: see ``Flags/draining``.
    public var isDraining: Bool { flags.contains(.draining) }

    /// Goes on with a request that the pre callback of `instance` pended, as if it had returned
    /// `result` then (`FltCompletePendedPreOperation`). Callable from any thread, once, even before
    /// the callback has returned.
    ///
    /// Changes nothing and returns `NTStatus.invalidParameter` if `result` is `pending`, and
    /// `NTStatus.fltInvalidAsynchronousRequest` if `instance` completed it before or if the
    /// request waits for somebody else: another instance, or this one's post callback. One that
    /// completes a request and then does not pend it is not listened to.
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
