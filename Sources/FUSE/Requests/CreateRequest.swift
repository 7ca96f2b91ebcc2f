public import LinuxKit

/// CREATE and TMPFILE (`struct fuse_create_in`, 16 bytes): makes a regular file and opens it.
public struct CreateRequest: ~Escapable {
    public let context: RequestContext
    /// Empty for a file without a name.
    public let name: Span<UInt8>
    /// `O_*` of open(2).
    public let flags: OpenFlags
    public let mode: UInt32
    public let umask: UInt32
    public let killsPrivileges: Bool

    @_lifetime(copy reader)
    init(
        _ context: RequestContext, _ reader: inout MessageReader, isNamed: Bool
    ) throws(MalformedRequest) {
        self.context = context
        flags = OpenFlags(bits: try reader.u32())
        mode = try reader.u32()
        umask = try reader.u32()
        killsPrivileges = try reader.u32() & 1 != 0
        // The kernel sends a name of its own with TMPFILE, which means nothing.
        name = isNamed ? try reader.name() : try reader.take(0)
    }
}
