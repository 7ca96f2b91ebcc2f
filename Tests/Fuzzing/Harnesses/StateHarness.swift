import IOStack
import Minifilters

@testable import BypassIOMount

/// Any bytes are a service's or a filter's state, or they are refused; what is understood says the
/// same when it is written again.
enum StateHarness: Harness {
    static let name = "state"

    static func attempt(_ input: [UInt8]) {
        let body = Array(input.dropFirst())
        switch input.first.map({ $0 % 3 }) {
        case 0: service(signed(body))
        case 1: filter(PolicyFilter([]), body) { PolicyFilter([]) }
        case 2: filter(ReadAudit(), body) { ReadAudit() }
        default: service(input)
        }
    }

    /// The header has the mark of this version, and the length and sum of whatever follows, so that
    /// more than those is tried.
    private static func signed(_ input: [UInt8]) -> [UInt8] {
        let body = Array(input.dropFirst(ServiceState.mark.count))
        var bytes = ServiceState.mark
        for number in [UInt64(body.count), body.stateSum(from: 0)] {
            bytes += (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
        }
        return bytes + body
    }

    private static func service(_ bytes: [UInt8]) {
        guard let state = try? ServiceState(bytes) else { return }
        let written = state.bytes
        guard let again = try? ServiceState(written) else {
            return demand(false, "a state that was understood is understood when written")
        }
        demand(again.bytes == written, "a state is the same when written again")
    }

    private static func filter(
        _ filter: some StatefulFilter, _ bytes: [UInt8], another: () -> some StatefulFilter
    ) {
        guard (try? filter.restore(bytes)) != nil else { return }
        guard let written = try? filter.savedState() else { return }
        let next = another()
        demand(
            (try? next.restore(written)) != nil, "what a filter saved, the next one understands")
        demand(
            (try? next.savedState().count) == written.count,
            "what goes over twice stays the same size")
    }
}
