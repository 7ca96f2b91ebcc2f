/// What a stream is to BypassIO.
public enum StreamKind: UInt8, Sendable, Hashable {
    case file
    case directory
    /// The root of the volume: a volume handle.
    case volume
    /// A FIFO, socket, device or symbolic link.
    case other
}
