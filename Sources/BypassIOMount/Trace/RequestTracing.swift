package import BypassIOProtocol
internal import FUSE
internal import IOStack
internal import LinuxKit

/// Follows a mount's requests through the layers while a trace runs, and costs nothing otherwise.
///
/// Any thread. Lock order: `switching`, under which the stack and the connection are told whether
/// somebody traces; `state` is a leaf.
final class RequestTracing: RequestTracer, LayerObserver {
    /// Traces at the same time.
    static let most = 4

    private struct State {
        var traces: [TraceBuffer] = []
        var isOver = false
    }

    private let volume: IOStack.Volume
    private let handles: HandleTable
    private let processes = ThreadProcesses()
    private let state = Guarded(State())
    private let switching = Guarded(())

    init(_ volume: IOStack.Volume, _ handles: HandleTable) {
        self.volume = volume
        self.handles = handles
    }

    // MARK: Traces

    func begin(
        _ filter: TraceFilter, on connection: Connection
    ) throws(TraceRefusal) -> TraceBuffer {
        let now = LayerClock.now
        let buffer = TraceBuffer(
            filter, wallOffset: WallTime.now.nanoseconds - Int64(clamping: now))
        let refusal: TraceRefusal? = switching.withLock { _ in
            let refusal: TraceRefusal? = state.withLock { state in
                if state.isOver { return .ended }
                guard state.traces.count < Self.most else { return .tooMany(Self.most) }
                state.traces.append(buffer)
                return nil
            }
            guard refusal == nil else { return refusal }
            // First: whatever is followed meets layers that tell.
            volume.traceLayers(by: self)
            return connection.follow(true) ? nil : .unobserved
        }
        if let refusal {
            end(buffer, on: connection)
            throw refusal
        }
        return buffer
    }

    func end(_ buffer: TraceBuffer, on connection: Connection) {
        switching.withLock { _ in
            let isLast = state.withLock { state in
                let count = state.traces.count
                state.traces.removeAll { $0 === buffer }
                return count > 0 && state.traces.isEmpty
            }
            if isLast {
                connection.follow(false)
                volume.traceLayers(by: nil)
            }
        }
        buffer.end()
    }

    /// The mount is served no more: traces end when they are taken.
    func end() {
        let traces = state.withLock { state in
            state.isOver = true
            return state.traces
        }
        for trace in traces { trace.end() }
    }

    // MARK: Requests

    func came(_ request: ArrivedRequest) -> (any FollowedRequest)? {
        let traces = state.withLock { $0.traces }
        guard !traces.isEmpty else { return nil }
        let process = processes.process(of: request.threadID)
        let wanting = traces.filter { $0.filter.process == nil || $0.filter.process == process }
        guard !wanting.isEmpty else { return nil }
        return TracedRequest(request, process, handles, for: wanting)
    }

    func saw(_ visit: LayerVisit) { (WorkerThread.followed as? TracedRequest)?.add(visit) }
}

/// A trace that runs: requests come into it as long as it is there.
///
/// Any thread; requests are taken by one.
public final class RequestTrace: Sendable {
    private let buffer: TraceBuffer
    private let tracing: RequestTracing
    private let connection: Connection

    init(
        _ filter: TraceFilter, _ tracing: RequestTracing, _ connection: Connection
    ) throws(TraceRefusal) {
        buffer = try tracing.begin(filter, on: connection)
        self.tracing = tracing
        self.connection = connection
    }

    deinit { stop() }

    /// No request comes into it any more; those that did can be taken.
    public func stop() { tracing.end(buffer, on: connection) }

    /// An element when there are requests after there were none; ends with the mount. For one
    /// listener.
    public func news() -> AsyncStream<Void> { buffer.news() }

    /// Takes at most `limit` requests, the oldest first.
    package func page(limit: Int) -> TracePage { buffer.page(limit: limit) }
}
