public import LinuxKit

/// OPEN and OPENDIR (`struct fuse_open_in`, 8 bytes).
public struct OpenRequest: Sendable {
    public let context: RequestContext
    /// `O_*` of open(2).
    public let flags: OpenFlags
    /// With O_TRUNC: set-id bits go (`FUSE_OPEN_KILL_SUIDGID`).
    public let killsPrivileges: Bool

    init(_ context: RequestContext, _ reader: inout MessageReader) throws(MalformedRequest) {
        self.context = context
        flags = OpenFlags(bits: try reader.u32())
        killsPrivileges = try reader.u32() & 1 != 0
    }
}
