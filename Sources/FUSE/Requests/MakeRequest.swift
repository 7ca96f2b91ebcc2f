/// MKNOD (`struct fuse_mknod_in`, 16 bytes) and MKDIR (`struct fuse_mkdir_in`, 8 bytes).
public struct MakeRequest: ~Escapable {
    public let context: RequestContext
    public let name: Span<UInt8>
    /// Type and permission bits; the umask is not applied if
    /// ``InitFlags/dontMask`` was agreed on.
    public let mode: UInt32
    public let umask: UInt32
    public let device: DeviceCode

    @_lifetime(copy reader)
    init(node context: RequestContext, _ reader: inout MessageReader) throws(MalformedRequest) {
        self.context = context
        mode = try reader.u32()
        device = DeviceCode(rawValue: try reader.u32())
        umask = try reader.u32()
        try reader.skip(4)
        name = try reader.name()
    }

    @_lifetime(copy reader)
    init(
        directory context: RequestContext, _ reader: inout MessageReader
    ) throws(MalformedRequest) {
        self.context = context
        mode = try reader.u32()
        umask = try reader.u32()
        device = DeviceCode(rawValue: 0)
        name = try reader.name()
    }
}
