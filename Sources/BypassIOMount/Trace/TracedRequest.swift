internal import BypassIOProtocol
internal import FUSE
internal import IOStack
internal import LinuxKit

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
    /// Of the file whose read the kernel holds at a gate.
    private let heldPath: String?
    private let handles: HandleTable
    private let traces: [TraceBuffer]
    private let state = Guarded(State())

    /// - Parameters:
    ///   - traces: those that want it if its path suits them.
    ///   - path: of a read that the kernel holds at a gate, its file's.
    init(
        _ request: ArrivedRequest, _ process: Int32, _ handles: HandleTable,
        for traces: [TraceBuffer], heldAt path: String? = nil
    ) {
        heldPath = path
        self.request = request
        self.process = process
        self.handles = handles
        self.traces = traces
        handle = request.handle.flatMap { try? handles.handle($0) }
    }

    var present: State { state.withLock { $0 } }

    /// From the volume's root; of an open file as it was opened.
    func path(_ state: State) -> String? {
        heldPath ?? handle?.file.openedPath ?? state.last?.path
    }

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
        if heldPath != nil { return .gated }
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

/// The processes of threads, of which the kernel tells with each request. Remembered for a second:
/// a number may stand for another thread later.
///
/// Any thread. Lock order: a leaf.
final class ThreadProcesses: Sendable {
    private struct Known {
        let process: Int32
        let end: UInt64
    }

    private static let validity: UInt64 = 1_000_000_000
    private static let most = 4096

    private let known = Guarded<[Int32: Known]>([:])

    /// The thread's own number where it has ended, and 0 for what no thread asked for.
    func process(of thread: Int32) -> Int32 {
        guard thread > 0 else { return 0 }
        let now = LayerClock.now
        if let found = known.withLock({ $0[thread] }), found.end > now { return found.process }
        let process = TaskStatus(thread: thread)?.process ?? thread
        known.withLock { known in
            if known.count >= Self.most { known = [:] }
            known[thread] = Known(process: process, end: now + Self.validity)
        }
        return process
    }
}
