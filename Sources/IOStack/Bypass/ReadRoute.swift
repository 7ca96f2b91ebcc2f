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
