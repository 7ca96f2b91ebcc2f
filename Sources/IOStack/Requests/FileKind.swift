/// What a file is.
public enum FileKind: UInt8, Sendable, Hashable {
    case regularFile
    case directory
    case symbolicLink
    case fifo
    case socket
    case characterDevice
    case blockDevice
}
