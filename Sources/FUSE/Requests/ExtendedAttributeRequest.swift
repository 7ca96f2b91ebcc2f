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
