/// The operation of a request (`FS_BPIO_OPERATIONS`, ntifs.h). Unknown values are kept.
@frozen
public struct BypassIOOperation: RawRepresentable, Hashable, Sendable {
    public let rawValue: UInt32

    @inlinable
    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// FS_BPIO_OP_ENABLE: bypass the stacks for non-cached reads on this handle.
    public static let enable = Self(rawValue: 1)
    /// FS_BPIO_OP_DISABLE: end bypass on this handle; never refused.
    public static let disable = Self(rawValue: 2)
    /// FS_BPIO_OP_QUERY: ask which layer would veto an ENABLE.
    public static let query = Self(rawValue: 3)
    /// FS_BPIO_OP_VOLUME_STACK_PAUSE: stop and drain bypass of the volume stack.
    public static let volumeStackPause = Self(rawValue: 4)
    /// FS_BPIO_OP_VOLUME_STACK_RESUME: resume it if no layer vetoes.
    public static let volumeStackResume = Self(rawValue: 5)
    /// FS_BPIO_OP_STREAM_PAUSE: stop and drain bypass of one stream.
    public static let streamPause = Self(rawValue: 6)
    /// FS_BPIO_OP_STREAM_RESUME: resume it if no layer vetoes.
    public static let streamResume = Self(rawValue: 7)
    /// FS_BPIO_OP_GET_INFO: return the count of handles with bypass, and the storage driver's name.
    public static let getInfo = Self(rawValue: 8)

    /// Every defined operation, in the order of their numbers.
    public static let all: [BypassIOOperation] = [
        .enable, .disable, .query, .volumeStackPause, .volumeStackResume, .streamPause,
        .streamResume, .getInfo,
    ]
}

extension BypassIOOperation {
    /// The arm of `FS_BPIO_OUTPUT`'s union that an operation uses.
    public enum OutputArm: Hashable, Sendable {
        /// Only the 24-byte header.
        case none
        /// `FS_BPIO_RESULTS`, 328 bytes.
        case results
        /// `FS_BPIO_INFO`, 72 bytes.
        case info
    }

    /// The union arm in this operation's output, or `nil` for an unknown operation.
    public var outputArm: OutputArm? {
        switch self {
        case .disable, .volumeStackPause, .streamPause: OutputArm.none
        case .enable, .query, .volumeStackResume, .streamResume: .results
        case .getInfo: .info
        default: nil
        }
    }

    /// Whether the operation is one of those defined, FS_BPIO_OP_ENABLE to FS_BPIO_OP_GET_INFO.
    public var isKnown: Bool { outputArm != nil }

    /// Bytes of output that the operation needs (the `FS_BPIO_OUTPUT_*_SIZE` macros, winioctl.h),
    /// or `nil` for an unknown operation.
    public var minimumOutputSize: Int? {
        switch outputArm {
        case .some(.none): FSBypassIOOutput.headerSize
        case .results: FSBypassIOOutput.headerSize + BypassIOResults.size
        case .info: FSBypassIOOutput.headerSize + BypassIOInfo.size
        case nil: nil
        }
    }

    /// The name in ntifs.h, such as `FS_BPIO_OP_ENABLE`, or `nil` for an unknown operation.
    public var windowsName: String? {
        switch self {
        case .enable: "FS_BPIO_OP_ENABLE"
        case .disable: "FS_BPIO_OP_DISABLE"
        case .query: "FS_BPIO_OP_QUERY"
        case .volumeStackPause: "FS_BPIO_OP_VOLUME_STACK_PAUSE"
        case .volumeStackResume: "FS_BPIO_OP_VOLUME_STACK_RESUME"
        case .streamPause: "FS_BPIO_OP_STREAM_PAUSE"
        case .streamResume: "FS_BPIO_OP_STREAM_RESUME"
        case .getInfo: "FS_BPIO_OP_GET_INFO"
        default: nil
        }
    }
}

extension BypassIOOperation: CustomStringConvertible {
    public var description: String { windowsName ?? "operation \(rawValue)" }
}

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
