/// A device number as the protocol carries it: 32 bits, minor's low byte, 12 bits of major, the
/// rest of minor (`new_encode_dev`, linux/kdev_t.h).
public struct DeviceCode: RawRepresentable, Sendable, Hashable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    public init(major: UInt32, minor: UInt32) {
        rawValue = (minor & 0xFF) | (major & 0xFFF) << 8 | (minor & 0xFFF00) << 12
    }

    public var major: UInt32 { rawValue >> 8 & 0xFFF }
    public var minor: UInt32 { rawValue & 0xFF | rawValue >> 12 & 0xFFF00 }
}
