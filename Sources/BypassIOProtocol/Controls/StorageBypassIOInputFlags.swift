/// Flags of a storage request (`BPIO_INFLAGS`, ntddstor.h). None is defined; bits are kept.
public struct StorageBypassIOInputFlags: OptionSet, Hashable, Sendable {
    public let rawValue: UInt32

    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }
}
