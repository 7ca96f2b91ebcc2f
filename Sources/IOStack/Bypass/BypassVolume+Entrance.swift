/// The gates' answer to a read that may skip the filters.
enum BypassEntry: Hashable {
    /// The read is inside. It leaves with ``BypassVolume/leave(_:_:)``.
    case entered(ReadRoute)
    /// The read takes the traditional route.
    case kept(TraditionalCause)
    /// The handle has no bypass.
    case disabled
}

/// The one entrance to the gates (spec 4.1). It allocates nothing, locks nothing and counts no
/// reference.
extension BypassVolume {
    @inline(__always)
    func enter(
        _ handle: borrowing BypassHandle, _ stream: borrowing BypassStream
    ) -> BypassEntry {
        if let cause = stream.gate.enter() { return .kept(cause) }
        // The second look, now inside the stream's gate: see ``BypassHandle``.
        guard handle.mayBypass else {
            stream.gate.leave()
            return .disabled
        }
        guard let route = gate.enter() else {
            stream.gate.leave()
            return .kept(.filterAttachBlocked)
        }
        return .entered(route)
    }

    @inline(__always)
    func leave(_ route: ReadRoute, _ stream: borrowing BypassStream) {
        assert(route.skipsFilters)
        gate.leave(route)
        stream.gate.leave()
    }

    /// Enters the volume's gate for a read of a handle with bypass that went through the filters.
    ///
    /// Only a pause of the stream leaves the storage bypass on (spec 4.1). Every other cause sends
    /// the read down the whole traditional path (spec 4.3, 4.6, 6.9).
    @inline(__always)
    func enterBelowFilters(_ stream: borrowing BypassStream) -> ReadRoute {
        guard stream.gate.closed == .paused else { return .traditional }
        return gate.enterStorage() ? .storageBypass : .traditional
    }

    @inline(__always)
    func leaveBelowFilters(_ route: ReadRoute) {
        if route == .storageBypass { gate.leave(.storageBypass) }
    }
}
