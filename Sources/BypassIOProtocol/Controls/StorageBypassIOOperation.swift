/// A file system's operation on the volume and storage stack (`BPIO_OPERATIONS`, ntddstor.h).
/// Unknown values are kept.
public struct StorageBypassIOOperation: RawRepresentable, Hashable, Sendable {
    public let rawValue: UInt32

    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// BPIO_OP_ENABLE: the volume's first file gets bypass.
    public static let enable = Self(rawValue: 1)
    /// BPIO_OP_DISABLE: the volume's last file lost bypass.
    public static let disable = Self(rawValue: 2)
    /// BPIO_OP_QUERY: ask which driver would veto an ENABLE.
    public static let query = Self(rawValue: 3)

    /// Every defined operation, in the order of their numbers.
    public static let all: [StorageBypassIOOperation] = [.enable, .disable, .query]

    /// Whether the operation is one of those defined.
    public var isKnown: Bool { windowsName != nil }

    /// Whether the operation's output has a `BPIO_RESULTS`.
    public var hasResults: Bool { self == .enable || self == .query }

    /// Bytes of output that the operation needs (the `BPIO_OUTPUT_*_SIZE` macros, ntddstor.h), or
    /// `nil` for an unknown operation.
    public var minimumOutputSize: Int? {
        guard isKnown else { return nil }
        return hasResults ? StorageBypassIOOutput.size : StorageBypassIOOutput.headerSize
    }

    /// The name in ntddstor.h, such as `BPIO_OP_ENABLE`, or `nil` for an unknown operation.
    public var windowsName: String? {
        switch self {
        case .enable: "BPIO_OP_ENABLE"
        case .disable: "BPIO_OP_DISABLE"
        case .query: "BPIO_OP_QUERY"
        default: nil
        }
    }
}

extension StorageBypassIOOperation: CustomStringConvertible {
    public var description: String { windowsName ?? "storage operation \(rawValue)" }
}

/// Flags of a storage request (`BPIO_INFLAGS`, ntddstor.h). None is defined; bits are kept.
public struct StorageBypassIOInputFlags: OptionSet, Hashable, Sendable {
    public let rawValue: UInt32

    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }
}

/// Flags of a storage reply (`BPIO_OUTFLAGS`, ntddstor.h). None is defined; bits are kept.
public struct StorageBypassIOOutputFlags: OptionSet, Hashable, Sendable {
    public let rawValue: UInt32

    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }
}
