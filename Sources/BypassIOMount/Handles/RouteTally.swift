internal import BypassIOProtocol
internal import IOStack

/// Cumulative opens and reads by route.
struct RouteTally: Sendable {
    struct Counts: Sendable {
        var opens: UInt64 = 0
        var reads: UInt64 = 0
        var bytes: UInt64 = 0
    }

    private var counts: [HandleRoute: Counts] = [:]

    subscript(route: HandleRoute) -> Counts { counts[route] ?? Counts() }

    /// Adds the present counts of a handle. The kernel's unasked reads are not counted.
    mutating func add(_ handle: OpenHandle) {
        counts[handle.firstRoute, default: Counts()].opens += 1
        let (through, past) = (handle.readsThroughFilterStack, handle.readsPastFilterStack)
        add(through.count, through.bytes, to: .traditional)
        add(past.count, past.bytes, to: .serviceBypass)
        add(handle.file.gatedKernelReads, handle.file.gatedKernelBytes, to: .gated)
    }

    private mutating func add(_ reads: UInt64, _ bytes: UInt64, to route: HandleRoute) {
        guard reads > 0 else { return }
        counts[route, default: Counts()].reads += reads
        counts[route, default: Counts()].bytes += bytes
    }
}

extension OpenHandle {
    /// The route that counts for the open: the route in its answer, or a route that an ENABLE gave
    /// it later.
    fileprivate var firstRoute: HandleRoute {
        if let decision, decision.opener != nil {
            return decision.wasGated ? .gated : .kernelBypass
        }
        return file.isBypassEnabled || readsPastFilterStack.count > 0
            ? .serviceBypass : .traditional
    }
}
