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
