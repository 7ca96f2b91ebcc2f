import BypassIOProtocol

/// The post callbacks that an instance owes to requests on their way, so that a detach can call
/// them instead of waiting for the requests.
///
/// Invariant: each promise is kept by exactly one, the carrier that claims it or the detach that
/// takes it; a place is given again only after its carrier claimed it, so no carrier claims
/// another's. After ``takeAll()`` nothing is promised any more.
///
/// Lock order: a leaf.
final class OwedPostOperations: Sendable {
    /// What the callback needs, as it stood after the pre callback: the request itself belongs to
    /// its carrier.
    struct Promise: Sendable {
        let parameters: IOParameters
        let fileObject: FileObject?
        let requestor: Requestor
        let context: CompletionContext
    }

    private struct State {
        var promises: [Promise?] = []
        var free: [Int32] = []
        var isDraining = false
    }

    private let state = Guarded(State())

    /// The promise's place, for ``claim(_:)``; nil once a detach took all.
    func add(_ data: CallbackData, _ context: CompletionContext) -> Int32? {
        let promise = Promise(
            parameters: data.parameters, fileObject: data.fileObject, requestor: data.requestor,
            context: context)
        return state.withLock { state in
            guard !state.isDraining else { return nil }
            guard let place = state.free.popLast() else {
                state.promises.append(promise)
                return Int32(state.promises.count - 1)
            }
            state.promises[Int(place)] = promise
            return place
        }
    }

    /// The carrier is about to call the callback; false if a detach called it already.
    func claim(_ place: Int32) -> Bool {
        let promise = state.withLock { state -> Promise? in
            guard let promise = state.promises[Int(place)].take() else { return nil }
            state.free.append(place)
            return promise
        }
        // Released outside of the lock: it may hold the last reference of a filter's object.
        return withExtendedLifetime(promise) { promise != nil }
    }

    /// For the detach: what is owed now. Whoever comes later is told so by ``add(_:_:)``.
    func takeAll() -> [Promise] {
        state.withLock { state in
            state.isDraining = true
            defer { state.promises = state.promises.map { _ in nil } }
            return state.promises.compactMap(\.self)
        }
    }
}

extension CallbackData {
    /// The copy that a post callback gets of a request whose instance goes away.
    convenience init(draining promise: OwedPostOperations.Promise) {
        self.init(
            promise.parameters, fileObject: promise.fileObject, requestor: promise.requestor)
        flags = [.draining, .postOperation]
        ioStatus = IOStatusBlock(.fltPostOperationCleanup)
    }
}
