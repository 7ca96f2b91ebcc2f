internal import BypassIOProtocol
internal import FUSE
internal import IOStack

/// A request that is followed through the layers, until it is answered.
///
/// The thread that carries it adds layers, the thread that answers it ends it. Lock order: a leaf.
final class TracedRequest: FollowedRequest {
    /// Layers that are kept of one request.
    static let mostLayers = 128

    /// What became of it.
    struct End: Sendable {
        let outcome: CarriedRequest.Outcome
        let moment: UInt64
        let route: HandleRoute?
    }

    struct State: Sendable {
        /// In the order of their ends.
        var layers: [LayerVisit] = []
        var furtherLayers = 0
        /// What the stack was asked last, but for the end of a file object.
        var last: LayerRequest?
        var control: LayerRequest?
        var hasRead = false
        var end: End?
    }

    let request: ArrivedRequest
    let process: Int32
    private let handle: OpenHandle?
    private let handles: HandleTable
    private let traces: [TraceBuffer]
    private let state = Guarded(State())

    /// - Parameter traces: those that want it if its path suits them.
    init(
        _ request: ArrivedRequest, _ process: Int32, _ handles: HandleTable,
        for traces: [TraceBuffer]
    ) {
        self.request = request
        self.process = process
        self.handles = handles
        self.traces = traces
        handle = request.handle.flatMap { try? handles.handle($0) }
    }

    var present: State { state.withLock { $0 } }

    /// From the volume's root; of an open file as it was opened.
    func path(_ state: State) -> String? { handle?.file.openedPath ?? state.last?.path }

    func add(_ visit: LayerVisit) {
        state.withLock { state in
            guard state.end == nil else { return }
            if let asked = visit.request { state.note(asked) }
            if state.layers.count < Self.mostLayers {
                state.layers.append(visit)
            } else {
                state.furtherLayers += 1
            }
        }
    }

    func ended(
        _ outcome: CarriedRequest.Outcome, at moment: UInt64, opened: HandleID?
    ) {
        let opened = opened.flatMap { try? handles.handle($0) }
        let present = state.withLock { state -> State in
            state.end = End(
                outcome: outcome, moment: moment,
                route: route(state, opened))
            return state
        }
        let path = path(present)
        for trace in traces { trace.take(self, path, layers: present.layers.count) }
    }

    private func route(_ state: State, _ opened: OpenHandle?) -> HandleRoute? {
        if let opened { return opened.node.isDirectory ? nil : opened.route.0 }
        guard let handle, request.offset != nil else {
            return state.control == nil ? nil : handle?.route.0
        }
        return state.hasRead || !handle.file.isBypassEnabled ? .traditional : .serviceBypass
    }
}

extension TracedRequest.State {
    fileprivate mutating func note(_ asked: LayerRequest) {
        guard !asked.isGenerated else { return }
        if asked.function == .read || asked.function == .write { hasRead = true }
        if asked.control != nil { control = asked }
        if asked.function != .cleanup, asked.function != .close { last = asked }
    }
}
