/// GETATTR (`struct fuse_getattr_in`) and STATX (`struct fuse_statx_in`).
public struct GetAttributesRequest: Sendable {
    public let context: RequestContext
    /// The open file it was asked through, where the kernel says.
    public let handle: HandleID?

    init(_ context: RequestContext, _ reader: inout MessageReader) throws(MalformedRequest) {
        self.context = context
        let flags = try reader.u32()
        try reader.skip(4)
        let handle = HandleID(try reader.u64())
        // FUSE_GETATTR_FH
        self.handle = flags & 1 != 0 ? handle : nil
    }
}

/// SETATTR (`struct fuse_setattr_in`, 88 bytes): attributes that are to change; nil stays as it is.
public struct SetAttributesRequest: Sendable {
    public enum TimeChange: Sendable, Equatable {
        case now
        case to(Timestamp)
    }

    public let context: RequestContext
    public let handle: HandleID?
    /// Permission bits, with the type bits beside them.
    public let mode: UInt32?
    public let userID: UInt32?
    public let groupID: UInt32?
    /// In bytes.
    public let size: UInt64?
    public let accessTime: TimeChange?
    public let modificationTime: TimeChange?
    /// Set-user-ID and set-group-ID bits go, as POSIX wants it for callers without privileges.
    public let killsPrivileges: Bool

    init(_ context: RequestContext, _ reader: inout MessageReader) throws(MalformedRequest) {
        self.context = context
        let valid = Valid(rawValue: try reader.u32())
        try reader.skip(4)
        let handle = HandleID(try reader.u64())
        let size = try reader.u64()
        try reader.skip(8)
        let seconds = (access: try reader.u64(), modification: try reader.u64())
        try reader.skip(8)
        let nanoseconds = (access: try reader.u32(), modification: try reader.u32())
        try reader.skip(4)
        let mode = try reader.u32()
        try reader.skip(4)
        let userID = try reader.u32()
        let groupID = try reader.u32()
        try reader.skip(4)
        self.handle = valid.contains(.handle) ? handle : nil
        self.mode = valid.contains(.mode) ? mode : nil
        self.userID = valid.contains(.user) ? userID : nil
        self.groupID = valid.contains(.group) ? groupID : nil
        self.size = valid.contains(.size) ? size : nil
        accessTime = try valid.change(
            .accessTime, now: .accessNow, seconds.access, nanoseconds.access)
        modificationTime = try valid.change(
            .modificationTime, now: .modificationNow, seconds.modification,
            nanoseconds.modification)
        killsPrivileges = valid.contains(.killPrivileges)
    }

    /// `FATTR_*`.
    private struct Valid: OptionSet {
        let rawValue: UInt32
        static let mode = Valid(rawValue: 1 << 0)
        static let user = Valid(rawValue: 1 << 1)
        static let group = Valid(rawValue: 1 << 2)
        static let size = Valid(rawValue: 1 << 3)
        static let accessTime = Valid(rawValue: 1 << 4)
        static let modificationTime = Valid(rawValue: 1 << 5)
        static let handle = Valid(rawValue: 1 << 6)
        static let accessNow = Valid(rawValue: 1 << 7)
        static let modificationNow = Valid(rawValue: 1 << 8)
        static let killPrivileges = Valid(rawValue: 1 << 11)

        func change(
            _ bit: Valid, now: Valid, _ seconds: UInt64, _ nanoseconds: UInt32
        ) throws(MalformedRequest) -> TimeChange? {
            guard contains(bit) else { return nil }
            if contains(now) { return .now }
            guard nanoseconds < 1_000_000_000 else { throw MalformedRequest() }
            return .to(
                Timestamp(seconds: Int64(bitPattern: seconds), nanoseconds: nanoseconds))
        }
    }
}

/// ACCESS (`struct fuse_access_in`, 8 bytes).
struct AccessRequest {
    let context: RequestContext
    /// `R_OK`, `W_OK` and `X_OK` of access(2).
    let mask: UInt32

    init(_ context: RequestContext, _ reader: inout MessageReader) throws(MalformedRequest) {
        self.context = context
        mask = try reader.u32()
    }
}

/// GETXATTR (`struct fuse_getxattr_in`, 8 bytes).
public struct ExtendedAttributeRequest: ~Escapable {
    public let context: RequestContext
    public let name: Span<UInt8>

    @_lifetime(copy name)
    init(_ context: RequestContext, name: Span<UInt8>) {
        self.context = context
        self.name = name
    }
}

/// GETXATTR with the caller's room, in bytes, which its reply looks after.
struct GetExtendedAttributeRequest: ~Escapable {
    let context: RequestContext
    let name: Span<UInt8>
    let room: Int

    @_lifetime(copy reader)
    init(_ context: RequestContext, _ reader: inout MessageReader) throws(MalformedRequest) {
        self.context = context
        room = Int(try reader.u32())
        try reader.skip(4)
        name = try reader.string()
    }
}

/// LISTXATTR (`struct fuse_getxattr_in`), as ``GetExtendedAttributeRequest``.
struct ListExtendedAttributesRequest {
    let context: RequestContext
    let room: Int

    init(_ context: RequestContext, _ reader: inout MessageReader) throws(MalformedRequest) {
        self.context = context
        room = Int(try reader.u32())
    }
}

/// SETXATTR (`struct fuse_setxattr_in`, 16 bytes with ``InitFlags/extendedSetAttribute``, else 8).
public struct SetExtendedAttributeRequest: ~Escapable {
    public let context: RequestContext
    public let name: Span<UInt8>
    public let value: Span<UInt8>
    /// XATTR_CREATE.
    public let mustNotExist: Bool
    /// XATTR_REPLACE.
    public let mustExist: Bool
    /// The set-group-ID bit goes with the new ACL (`FUSE_SETXATTR_ACL_KILL_SGID`).
    public let killsGroupPrivilege: Bool

    @_lifetime(copy reader)
    init(
        _ context: RequestContext, _ reader: inout MessageReader, _ agreed: InitFlags
    ) throws(MalformedRequest) {
        self.context = context
        let size = Int(try reader.u32())
        let flags = try reader.u32()
        mustNotExist = flags & 1 != 0
        mustExist = flags & 2 != 0
        var more: UInt32 = 0
        if agreed.contains(.extendedSetAttribute) {
            more = try reader.u32()
            try reader.skip(4)
        }
        killsGroupPrivilege = more & 1 != 0
        name = try reader.string()
        value = try reader.take(size)
        if name.isEmpty { throw MalformedRequest() }
    }
}
