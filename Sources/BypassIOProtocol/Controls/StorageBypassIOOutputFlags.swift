/// Flags of a storage reply (`BPIO_OUTFLAGS`, ntddstor.h). None is defined; bits are kept.
public struct StorageBypassIOOutputFlags: OptionSet, Hashable, Sendable {
    public let rawValue: UInt32

    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }
}
