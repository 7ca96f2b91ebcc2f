/// The result of INIT.
public struct Negotiation: Sendable, Equatable {
    /// Of protocol 7.
    public let minor: UInt32
    public let flags: InitFlags
    /// Of one WRITE, in bytes.
    public let maximumWrite: Int
    /// 0 without passthrough; else 1 or 2, see ``FileSystem/maximumStackDepth``.
    public let maximumStackDepth: UInt32

    public init(minor: UInt32, flags: InitFlags, maximumWrite: Int, maximumStackDepth: UInt32) {
        self.minor = minor
        self.flags = flags
        self.maximumWrite = maximumWrite
        self.maximumStackDepth = maximumStackDepth
    }
}

/// INIT, and the versions that this side speaks.
struct InitRequest {
    static let major: UInt32 = 7
    /// The newest minor version whose layouts this side knows.
    static let newestMinor: UInt32 = 45
    /// The oldest: INIT_EXT and 24 bytes of open reply flags are needed (Linux 5.17).
    static let oldestMinor: UInt32 = 36

    let major: UInt32
    let minor: UInt32
    let maximumReadahead: UInt32
    let flags: InitFlags

    /// `struct fuse_init_in`.
    init(_ reader: inout MessageReader) throws(MalformedRequest) {
        major = try reader.u32()
        minor = try reader.u32()
        guard major == Self.major, minor >= 6 else {
            (maximumReadahead, flags) = (0, [])
            return
        }
        maximumReadahead = try reader.u32()
        let low = try reader.u32()
        var high: UInt32 = 0
        if low & UInt32(truncatingIfNeeded: InitFlags.extendedInit.rawValue) != 0 {
            high = try reader.u32()
        }
        flags = InitFlags(rawValue: UInt64(high) << 32 | UInt64(low))
    }

    /// `struct fuse_init_out`, 64 bytes.
    func write(
        _ agreed: Negotiation, maximumBackground: UInt16, to body: inout MessageWriter
    ) {
        body.u32(Self.major)
        body.u32(agreed.minor)
        body.u32(maximumReadahead)
        body.u32(UInt32(truncatingIfNeeded: agreed.flags.rawValue))
        body.u16(maximumBackground)
        body.u16(maximumBackground / 4 * 3)
        body.u32(UInt32(agreed.maximumWrite))
        // Times are exact to the nanosecond.
        body.u32(1)
        body.u16(UInt16(clamping: agreed.maximumWrite / 4096))
        body.u16(0)
        body.u32(UInt32(truncatingIfNeeded: agreed.flags.rawValue >> 32))
        body.u32(agreed.maximumStackDepth)
        body.zeros(64 - 40)
    }
}
