/// A device by the kernel's numbers.
public struct DeviceNumber: Sendable, Hashable, Comparable, CustomStringConvertible {
    public var major: UInt32
    public var minor: UInt32

    public init(major: UInt32, minor: UInt32) {
        self.major = major
        self.minor = minor
    }

    /// Reads "259:3", the form of sysfs and /proc/self/mountinfo; nil for anything else.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let major = UInt32(parts[0]), let minor = UInt32(parts[1]) else {
            return nil
        }
        self.init(major: major, minor: minor)
    }

    /// Major 0 belongs to file systems that sit on no block device, or on several.
    public var isAnonymous: Bool { major == 0 }

    public var description: String { "\(major):\(minor)" }

    public static func < (left: DeviceNumber, right: DeviceNumber) -> Bool {
        (left.major, left.minor) < (right.major, right.minor)
    }
}

extension DeviceNumber {
    /// The encoding of `dev_t` in Linux' C library (makedev(3)).
    package var encoded: UInt64 {
        let (major, minor) = (UInt64(major), UInt64(minor))
        return (major & ~0xFFF) << 32 | (major & 0xFFF) << 8
            | (minor & ~0xFF) << 12 | (minor & 0xFF)
    }

    package init(encoded: UInt64) {
        self.init(
            major: UInt32(truncatingIfNeeded: (encoded >> 32 & ~0xFFF) | (encoded >> 8 & 0xFFF)),
            minor: UInt32(truncatingIfNeeded: (encoded >> 12 & ~0xFF) | (encoded & 0xFF)))
    }
}
