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
