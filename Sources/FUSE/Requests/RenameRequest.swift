/// RENAME (`struct fuse_rename_in`, 8 bytes) and RENAME2 (`struct fuse_rename2_in`, 16 bytes).
public struct RenameRequest: ~Escapable {
    /// Its node is the directory that holds the name now.
    public let context: RequestContext
    public let name: Span<UInt8>
    public let newDirectory: NodeID
    public let newName: Span<UInt8>
    /// `RENAME_*` of renameat2(2).
    public let flags: UInt32

    @_lifetime(copy reader)
    init(
        _ context: RequestContext, _ reader: inout MessageReader, withFlags: Bool
    ) throws(MalformedRequest) {
        self.context = context
        newDirectory = NodeID(try reader.u64())
        var flags: UInt32 = 0
        if withFlags {
            flags = try reader.u32()
            try reader.skip(4)
        }
        self.flags = flags
        name = try reader.name()
        newName = try reader.name()
    }
}
