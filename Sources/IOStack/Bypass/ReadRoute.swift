/// The way a read took: two switches make four routes (spec 4.1).
public enum ReadRoute: UInt8, Sendable, CaseIterable {
    /// Filters, file system, volume drivers, storage.
    case traditional
    /// Filters and file system, then straight to the storage: a paused stream.
    case storageBypass
    /// Past the filters, but through the volume drivers: "partial".
    case filterBypass
    /// File system, then storage; nothing else sees the read.
    case fullBypass

    public var skipsFilters: Bool { self == .filterBypass || self == .fullBypass }
    public var skipsVolumeDrivers: Bool { self == .storageBypass || self == .fullBypass }
}
