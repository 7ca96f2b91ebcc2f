import BypassIOProtocol

/// The post callbacks that an instance owes to requests under way. A detach calls them instead of
/// waiting for the requests.
///
/// Invariant: each promise is kept exactly once, by the carrier that claims it or by the detach
/// that takes it. A place is reused only after its carrier claimed it, so no carrier claims
/// another's. After ``takeAll()`` nothing is promised any more.
///
/// Lock order: a leaf.
final class OwedPostOperations: Sendable {
    /// What the callback needs, as the pre callback received it. The request itself belongs to its
    /// carrier.
    struct Promise: Sendable {
        let parameters: IOParameters
        let fileObject: FileObject?
        let requestor: Requestor
        let context: CompletionContext

        init(
            parameters: IOParameters, fileObject: FileObject?, requestor: Requestor,
            context: CompletionContext
        ) {
            self.parameters = parameters
            self.fileObject = fileObject
            self.requestor = requestor
            self.context = context
        }

        @inline(__always)
        init(_ data: CallbackData, _ parameters: IOParameters, _ context: CompletionContext) {
            self.parameters = parameters
            fileObject = data.fileObject
            requestor = data.requestor
            self.context = context
        }

        /// Holds no reference.
        static var nothing: Promise {
            Promise(parameters: .cleanup, fileObject: nil, requestor: .kernel, context: .none)
        }
    }

    private struct State {
        /// By place. A place that owes nothing holds ``Promise/nothing``.
        var promises: [Promise] = []
        var isOwed: [Bool] = []
        var free: [Int32] = []
        var isDraining = false
    }

    private let state = Guarded(State())

    /// The promise's place, for ``claim(_:)``; nil once a detach took all.
    @inline(__always)
    func add(_ data: CallbackData, _ context: CompletionContext) -> Int32? {
        var promise = Promise(
            parameters: data.asked, fileObject: data.fileObject, requestor: data.requestor,
            context: context)
        return add(&promise)
    }

    /// The same for a finished promise.
    func add(_ promise: Promise) -> Int32? {
        var promise = promise
        return add(&promise)
    }

    @inline(__always)
    private func add(_ promise: inout Promise) -> Int32? {
        // Swapped, here and below: an assignment would copy and destroy.
        state.withLock { state in
            guard !state.isDraining else { return nil }
            let place: Int32
            if let free = state.free.popLast() {
                place = free
            } else {
                place = Int32(state.promises.count)
                state.promises.append(.nothing)
                state.isOwed.append(false)
            }
            swap(&promise, &state.promises[Int(place)])
            state.isOwed[Int(place)] = true
            return place
        }
    }

    /// The carrier is about to call the callback; false if a detach has called it.
    func claim(_ place: Int32) -> Bool {
        var promise = Promise.nothing
        let isOwed = state.withLock { state in
            guard state.isOwed[Int(place)] else { return false }
            state.isOwed[Int(place)] = false
            swap(&promise, &state.promises[Int(place)])
            state.free.append(place)
            return true
        }
        // Released outside the lock: it may hold the last reference to a filter's object.
        withExtendedLifetime(promise) {}
        return isOwed
    }

    /// All that is owed now, for the detach. ``add(_:_:)`` returns nil to later requests.
    func takeAll() -> [Promise] {
        state.withLock { state in
            state.isDraining = true
            var owed: [Promise] = []
            for place in state.promises.indices where state.isOwed[place] {
                var promise = Promise.nothing
                swap(&promise, &state.promises[place])
                state.isOwed[place] = false
                owed.append(promise)
            }
            return owed
        }
    }
}

extension CallbackData {
    /// The copy of a request for the post callback of an instance that goes away.
    convenience init(draining promise: OwedPostOperations.Promise) {
        self.init(
            promise.parameters, fileObject: promise.fileObject, requestor: promise.requestor)
        flags = [.draining, .postOperation]
        ioStatus = IOStatusBlock(.fltPostOperationCleanup)
    }
}

/// A pre callback's decision about a request (`FLT_PREOP_CALLBACK_STATUS`).
///
/// DISALLOW_FASTIO and DISALLOW_FSFILTER_IO are left out: there is no fast I/O here.
public enum PreOperationResult: Sendable {
    /// Go on; call the post callback with this context (`FLT_PREOP_SUCCESS_WITH_CALLBACK`).
    /// Without a registered post callback it acts as ``successNoCallback``.
    case successWithCallback(CompletionContext)
    /// Go on; the filter does not need to see the end (`FLT_PREOP_SUCCESS_NO_CALLBACK`).
    case successNoCallback
    /// The filter keeps the request and calls
    /// ``CallbackData/completePendedPreOperation(_:_:)`` later, from any thread
    /// (`FLT_PREOP_PENDING`).
    case pending
    /// The filter set ``CallbackData/ioStatus``. No layer below sees the request, and only the post
    /// callbacks above run (`FLT_PREOP_COMPLETE`).
    case complete
    /// As ``successWithCallback(_:)``, but the post callback runs in the thread of this pre
    /// callback (`FLT_PREOP_SYNCHRONIZE`). Here every post callback does, because one thread
    /// carries a request.
    case synchronize(CompletionContext)
}

/// A post callback's decision about a request (`FLT_POSTOP_CALLBACK_STATUS`).
public enum PostOperationResult: Sendable {
    case finishedProcessing
    /// The filter keeps the request and calls ``CallbackData/completePendedPostOperation(_:)``
    /// later, from any thread (`FLT_POSTOP_MORE_PROCESSING_REQUIRED`).
    case moreProcessingRequired
}

/// How far a request came on its way down.
enum DescentOutcome {
    /// Every filter let it pass; the file system is next.
    case reachedFileSystem
    /// A filter completed it.
    case completed
    /// A filter keeps it; ``FilterManager/resumeDescent(_:with:)`` goes on.
    case pended
}

/// How far a request came on its way up.
enum AscentOutcome {
    case finished
    case pended
}

/// The fate of a request at one node.
enum NodeOutcome {
    case passed
    case completed
    case pended
}

/// A pre callback's message to its post callback. Neither ``none`` nor ``value(_:)`` allocates.
public enum CompletionContext: Sendable {
    case none
    case value(UInt64)
    case object(any AnyObject & Sendable)
}
