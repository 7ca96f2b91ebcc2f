internal import CKernelABI

/// STATX_ATTR_* bits (statx(2)).
struct StatusAttributes: OptionSet, Sendable, Hashable {
    var rawValue: UInt64

    static let compressed = StatusAttributes(rawValue: UInt64(BPIO_STATX_ATTR_COMPRESSED))
    static let immutable = StatusAttributes(rawValue: UInt64(BPIO_STATX_ATTR_IMMUTABLE))
    static let appendOnly = StatusAttributes(rawValue: UInt64(BPIO_STATX_ATTR_APPEND))
    static let encrypted = StatusAttributes(rawValue: UInt64(BPIO_STATX_ATTR_ENCRYPTED))
    static let mountRoot = StatusAttributes(rawValue: UInt64(BPIO_STATX_ATTR_MOUNT_ROOT))
    static let verity = StatusAttributes(rawValue: UInt64(BPIO_STATX_ATTR_VERITY))
    static let dax = StatusAttributes(rawValue: UInt64(BPIO_STATX_ATTR_DAX))
}
