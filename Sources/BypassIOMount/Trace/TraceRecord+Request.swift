internal import BypassIOProtocol
internal import FUSE
internal import IOStack
internal import LinuxKit
internal import SystemPackage

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
