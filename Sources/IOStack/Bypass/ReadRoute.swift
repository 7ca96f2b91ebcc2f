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

/// Why a read of a bypass-enabled file object took the traditional route; tools print it.
public enum TraditionalCause: UInt8, Sendable, CaseIterable {
    /// The handle caches: BypassIO concerns non-cached reads only.
    case cachedHandle
    /// Offset, length or memory break the storage's alignment.
    case misaligned
    /// STREAM_PAUSE is in force.
    case streamPaused
    /// A filter that did not opt in was attached.
    case filterAttachBlocked
    /// The stream is suspended: see ``StreamSuspension``.
    case suspended
    /// A DISABLE is waiting for the stream's reads to finish.
    case settling
}

/// What keeps a stream off the bypass route without pausing it (spec 4.6 and 6.9).
public struct StreamSuspension: OptionSet, Sendable, Hashable, CustomStringConvertible {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Another handle does cached I/O.
    public static let cachedHandle = StreamSuspension(rawValue: 1 << 0)
    /// The file is mapped.
    public static let mapped = StreamSuspension(rawValue: 1 << 1)
    /// The data lies in the inode.
    public static let resident = StreamSuspension(rawValue: 1 << 2)
    /// The file became sparse.
    public static let sparse = StreamSuspension(rawValue: 1 << 3)
    /// The file is being moved on the storage.
    public static let moving = StreamSuspension(rawValue: 1 << 4)

    public var description: String {
        let names: [(StreamSuspension, String)] = [
            (.cachedHandle, "another handle does cached I/O"), (.mapped, "the file is mapped"),
            (.resident, "the data lies in the inode"), (.sparse, "the file is sparse"),
            (.moving, "the file is being moved"),
        ]
        return names.filter { contains($0.0) }.map(\.1).joined(separator: ", ")
    }
}
