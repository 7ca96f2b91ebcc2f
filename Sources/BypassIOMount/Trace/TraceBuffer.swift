internal import BypassIOProtocol
public import IOStack

/// The requests of one trace that nobody has taken yet. Bounded: what finds no room is counted.
///
/// Any thread; whoever puts requests in waits for nobody. Lock order: a leaf.
final class TraceBuffer: Sendable {
    /// Requests, and layers of them all.
    static let most = (requests: 4096, layers: 65_536)

    private struct State {
        var waiting: [(request: TracedRequest, layers: Int)] = []
        /// Of all that wait.
        var layers = 0
        var lost: UInt64 = 0
        /// Of the request that was taken last.
        var number: UInt64 = 0
        var isEnded = false
        var listener: AsyncStream<Void>.Continuation?
    }

    let filter: TraceFilter
    /// What the wall clock is ahead of ``LayerClock``, nanoseconds.
    private let wallOffset: Int64
    private let state = Guarded(State())

    init(_ filter: TraceFilter, wallOffset: Int64) {
        self.filter = filter
        self.wallOffset = wallOffset
    }

    /// A request is over.
    func take(_ request: TracedRequest, _ path: String?, layers: Int) {
        if let wanted = filter.path, path.map({ wanted.matches($0) }) != true { return }
        let listener = state.withLock { state -> AsyncStream<Void>.Continuation? in
            guard !state.isEnded else { return nil }
            guard state.waiting.count < Self.most.requests,
                state.layers + layers <= Self.most.layers
            else {
                state.lost += 1
                return nil
            }
            state.waiting.append((request, layers))
            state.layers += layers
            return state.waiting.count == 1 ? state.listener : nil
        }
        listener?.yield()
    }

    func page(limit: Int) -> TracePage {
        let (requests, number, lost) = state.withLock { state in
            let taken = Array(state.waiting.prefix(max(0, limit)))
            state.waiting.removeFirst(taken.count)
            for one in taken { state.layers -= one.layers }
            let number = state.number
            state.number += UInt64(taken.count)
            // They came when there was no room: behind all that wait.
            let lost = state.waiting.isEmpty ? state.lost : 0
            if lost > 0 { state.lost = 0 }
            return (taken, number, lost)
        }
        let records = requests.enumerated().compactMap { index, one in
            TraceRecord(one.request, number: number + UInt64(index) + 1, wallOffset: wallOffset)
        }
        return TracePage(records: records, lost: lost)
    }

    /// An element when there is something after there was nothing; for one listener. Ends with the
    /// trace.
    func news() -> AsyncStream<Void> {
        AsyncStream(bufferingPolicy: .bufferingNewest(1)) { continuation in
            let (isEnded, hasSome) = state.withLock { state in
                if !state.isEnded { state.listener = continuation }
                return (state.isEnded, !state.waiting.isEmpty)
            }
            if hasSome { continuation.yield() }
            if isEnded { continuation.finish() }
        }
    }

    /// Nothing is put in any more; what is there can be taken.
    func end() {
        let listener = state.withLock { state in
            state.isEnded = true
            return state.listener.take()
        }
        listener?.finish()
    }
}

/// Which requests a trace has.
public struct TraceFilter: Sendable {
    /// nil: of every file, and of none.
    public var path: PathPattern?
    /// A process, by the service's numbers; nil: all.
    public var process: Int32?

    public init(path: PathPattern? = nil, process: Int32? = nil) {
        self.path = path
        self.process = process
    }
}

/// Why a mount is not traced.
public enum TraceRefusal: Error, Sendable {
    /// So many traces run already.
    case tooMany(Int)
    /// Its options name no observer (``VolumeMountOptions/observer``).
    case unobserved
    /// It is served no more.
    case ended
}
