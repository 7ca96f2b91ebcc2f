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

/// The route of a read. Two switches make four routes (spec 4.1).
public enum ReadRoute: UInt8, Sendable, CaseIterable {
    /// Filters, file system, volume drivers, storage.
    case traditional
    /// Filters and file system, then straight to the storage: the stream is paused.
    case storageBypass
    /// Past the filters, but through the volume drivers: "partial".
    case filterBypass
    /// File system, then storage; no other layer sees the read.
    case fullBypass

    public var skipsFilters: Bool { self == .filterBypass || self == .fullBypass }
    public var skipsVolumeDrivers: Bool { self == .storageBypass || self == .fullBypass }
}

/// Why a read of a file object with bypass enabled took the traditional route. Tools print it.
public enum TraditionalCause: UInt8, Sendable, CaseIterable, CustomStringConvertible {
    /// The handle caches. BypassIO concerns non-cached reads only.
    case cachedHandle
    /// Offset or length break the storage's alignment.
    case misaligned
    /// STREAM_PAUSE is in force.
    case streamPaused
    /// A filter that did not opt in was attached.
    case filterAttachBlocked
    /// A DISABLE waits for the stream's reads.
    case settling
    // The suspensions, in the order of ``StreamSuspension``.
    /// Another handle does cached I/O.
    case cachedElsewhere
    /// The file is mapped.
    case mapped
    /// The data lies in the inode.
    case resident
    /// The file became sparse.
    case sparse
    /// The file is being moved on the storage.
    case moving

    /// The cause of the first of several suspensions.
    init?(_ suspension: StreamSuspension) {
        guard suspension != [] else { return nil }
        let place = UInt8(suspension.rawValue.trailingZeroBitCount)
        self.init(rawValue: Self.cachedElsewhere.rawValue + place)
    }

    /// The cause in words, to follow "because".
    public var description: String {
        switch self {
        case .cachedHandle: "the handle itself is cached"
        case .misaligned: "the read is not aligned"
        case .streamPaused: "a filter paused the file's bypass"
        case .filterAttachBlocked: "a filter that does not know BypassIO is attached"
        case .settling: "another handle's bypass is being disabled"
        case .cachedElsewhere: StreamSuspension.cachedHandle.description
        case .mapped: StreamSuspension.mapped.description
        case .resident: StreamSuspension.resident.description
        case .sparse: StreamSuspension.sparse.description
        case .moving: StreamSuspension.moving.description
        }
    }
}
