/// Flags of a reply (`FS_BPIO_OUTFLAGS`, ntifs.h). Unknown bits are kept.
public struct BypassIOOutputFlags: OptionSet, Hashable, Sendable {
    public let rawValue: UInt32

    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// FSBPIO_OUTFL_VOLUME_STACK_BYPASS_PAUSED.
    public static let volumeStackBypassPaused = Self(rawValue: 1)
    /// FSBPIO_OUTFL_STREAM_BYPASS_PAUSED.
    public static let streamBypassPaused = Self(rawValue: 2)
    /// FSBPIO_OUTFL_FILTER_ATTACH_BLOCKED: a filter that did not opt in is attached to the volume.
    public static let filterAttachBlocked = Self(rawValue: 4)
    /// FSBPIO_OUTFL_COMPATIBLE_STORAGE_DRIVER: on ENABLE, QUERY and GET_INFO only.
    public static let compatibleStorageDriver = Self(rawValue: 8)

    /// Every bit that has a meaning.
    public static let known: Self = [
        .volumeStackBypassPaused, .streamBypassPaused, .filterAttachBlocked,
        .compatibleStorageDriver,
    ]
}

extension BypassIOOutputFlags {
    /// The bits without a meaning.
    public var unknown: Self { subtracting(.known) }

    /// The names in ntifs.h of the known bits set, in the order of the bits.
    public var windowsNames: [String] {
        Self.names.filter { contains($0.flag) }.map(\.name)
    }

    private static let names: [(flag: Self, name: String)] = [
        (.volumeStackBypassPaused, "FSBPIO_OUTFL_VOLUME_STACK_BYPASS_PAUSED"),
        (.streamBypassPaused, "FSBPIO_OUTFL_STREAM_BYPASS_PAUSED"),
        (.filterAttachBlocked, "FSBPIO_OUTFL_FILTER_ATTACH_BLOCKED"),
        (.compatibleStorageDriver, "FSBPIO_OUTFL_COMPATIBLE_STORAGE_DRIVER"),
    ]
}
