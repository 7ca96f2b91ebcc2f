/// IOCTL (`struct fuse_ioctl_in`, 32 bytes).
public struct ControlRequest: ~Escapable {
    public let context: RequestContext
    public let handle: HandleID
    /// The ioctl's number.
    public let command: UInt32
    /// The caller's argument as it came: a pointer of its own, or a value.
    public let argument: UInt64
    public let input: Span<UInt8>
    /// Bytes the caller has room for, at most 16,383.
    public let outputSize: Int
    /// The open file is a directory.
    public let isDirectory: Bool

    @_lifetime(copy reader)
    init(_ context: RequestContext, _ reader: inout MessageReader) throws(MalformedRequest) {
        self.context = context
        handle = HandleID(try reader.u64())
        let flags = try reader.u32()
        command = try reader.u32()
        argument = try reader.u64()
        let inputSize = Int(try reader.u32())
        outputSize = Int(try reader.u32())
        isDirectory = flags & 0x10 != 0
        input = try reader.take(inputSize)
    }
}
