package import BypassIOProtocol
internal import FUSE
internal import IOStack
internal import LinuxKit
internal import SystemPackage

#if canImport(Glibc)
    internal import Glibc
#endif

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
    /// Reads at gates, by the threads that answer them. A leaf.
    private let held = Guarded<[AnsweringThread: TracedRequest]>([:])

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

    func came(_ request: ArrivedRequest) -> (any FollowedRequest)? { traced(request) }

    private func traced(_ request: ArrivedRequest, heldAt path: String? = nil) -> TracedRequest? {
        let traces = state.withLock { $0.traces }
        guard !traces.isEmpty else { return nil }
        let process = processes.process(of: request.threadID)
        let wanting = traces.filter { $0.filter.process == nil || $0.filter.process == process }
        guard !wanting.isEmpty else { return nil }
        return TracedRequest(request, process, handles, for: wanting, heldAt: path)
    }

    func saw(_ visit: LayerVisit) {
        let followed = WorkerThread.followed as? TracedRequest ?? held.withLock { $0[.current] }
        followed?.add(visit)
    }

    // MARK: Reads at gates

    func held(_ read: KernelRead, of file: FileObject) {
        let request = ArrivedRequest(
            operation: "KERNEL_READ", threadID: Int32(bitPattern: read.thread),
            userID: file.requestor.userID, offset: read.offset, size: read.length,
            arrival: LayerClock.now)
        let followed = traced(request, heldAt: file.openedPath)
        held.withLock { $0[.current] = followed }
    }

    func answered(_ read: KernelRead, _ failure: IOFailure?) {
        guard let followed = held.withLock({ $0.removeValue(forKey: .current) }) else { return }
        // The kernel counts the bytes of a read that passes, and tells nobody.
        followed.ended(
            failure.map { .failed($0.errno) } ?? .noted, at: LayerClock.now, opened: nil)
    }
}

/// A thread of this process, while it runs.
private struct AnsweringThread: Hashable {
    private let number = UInt(pthread_self())

    static var current: Self { Self() }
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

extension TraceRecord {
    /// nil: the request is not over.
    init?(_ traced: TracedRequest, number: UInt64, wallOffset: Int64) {
        let state = traced.present
        guard let end = state.end else { return nil }
        let request = traced.request
        let arrival = request.arrival
        let time = WallTime(nanoseconds: Int64(clamping: arrival) + wallOffset)
        self.init(
            number: number, time: time.iso8601, begin: arrival,
            nanoseconds: max(end.moment, arrival) - arrival, operation: request.operation,
            unique: request.unique.rawValue, process: traced.process, thread: request.threadID,
            user: request.userID, layers: Self.nested(state.layers, arrival, end.moment),
            furtherLayers: state.furtherLayers)
        path = traced.path(state)
        (offset, length) = (request.offset, request.size)
        route = end.route
        control = state.control?.control?.description
        refusal = state.control?.veto.map {
            Refusal(
                driver: $0.driver, status: $0.status.rawValue, statusName: $0.status.name,
                reason: $0.reason)
        }
        switch end.outcome {
        case .answered(let count): bytes = count
        case .failed(let error): errno = error.rawValue
        case .noted, .answeredLate: break
        }
    }

    /// In the order of their beginnings, each with the number of those that it lies within. They
    /// come in the order of their ends.
    private static func nested(
        _ visits: [LayerVisit], _ arrival: UInt64, _ end: UInt64
    ) -> [Layer] {
        let sorted = visits.enumerated().sorted { one, other in
            if one.element.began != other.element.began {
                return one.element.began < other.element.began
            }
            if one.element.ended != other.element.ended {
                return one.element.ended > other.element.ended
            }
            return one.offset > other.offset
        }
        var around: [UInt64] = []
        return sorted.map { _, visit in
            let began = min(max(visit.began, arrival), end)
            let ended = min(max(visit.ended, began), end)
            while let last = around.last, last < ended || last <= began && began < ended {
                around.removeLast()
            }
            defer { around.append(ended) }
            return Layer(visit, depth: around.count, begin: began - arrival, ended - began)
        }
    }
}

extension TraceRecord.Layer {
    fileprivate init(_ visit: LayerVisit, depth: Int, begin: UInt64, _ nanoseconds: UInt64) {
        let status = visit.request?.status
        self.init(
            kind: visit.layer.rawValue, name: visit.name, altitude: visit.altitude?.description,
            outcome: visit.outcome?.rawValue, status: status?.rawValue, statusName: status?.name,
            depth: depth, begin: begin, nanoseconds: nanoseconds)
    }
}
