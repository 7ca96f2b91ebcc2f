/// Flags of a request (`FS_BPIO_INFLAGS`, ntifs.h). Unknown bits are kept.
public struct BypassIOInputFlags: OptionSet, Hashable, Sendable {
    public let rawValue: UInt32

    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// FSBPIO_INFL_SKIP_STORAGE_STACK_QUERY: answer for filters and file system only.
    public static let skipStorageStackQuery = Self(rawValue: 1)

    /// Every bit that has a meaning.
    public static let known: Self = [.skipStorageStackQuery]
}

extension BypassIOInputFlags {
    /// The bits without a meaning.
    public var unknown: Self { subtracting(.known) }

    /// The names in ntifs.h of the known bits set.
    public var windowsNames: [String] {
        contains(.skipStorageStackQuery) ? ["FSBPIO_INFL_SKIP_STORAGE_STACK_QUERY"] : []
    }
}
