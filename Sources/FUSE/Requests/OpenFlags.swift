internal import CKernelABI

/// `O_*` of open(2), with the values of the architecture the program runs on.
public struct OpenFlags: Sendable, Hashable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    private func has(_ bits: Int32) -> Bool {
        rawValue & UInt32(bitPattern: bits) == UInt32(bitPattern: bits)
    }

    public var mayRead: Bool { rawValue & 3 != UInt32(bitPattern: BPIO_O_WRONLY) }
    public var mayWrite: Bool { rawValue & 3 != UInt32(bitPattern: BPIO_O_RDONLY) }
    public var isExclusive: Bool { has(BPIO_O_EXCL) }
    public var truncates: Bool { has(BPIO_O_TRUNC) }
    public var appends: Bool { has(BPIO_O_APPEND) }
    public var isDirect: Bool { has(BPIO_O_DIRECT) }
    /// O_SYNC or O_DSYNC.
    public var isSynchronous: Bool { has(BPIO_O_DSYNC) }
    public var leavesAccessTime: Bool { has(BPIO_O_NOATIME) }
}
