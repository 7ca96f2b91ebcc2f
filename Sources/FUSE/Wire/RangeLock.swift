/// A lock on a range of bytes (`struct fuse_file_lock`, 24 bytes).
public struct RangeLock: Sendable, Equatable {
    /// F_RDLCK, F_WRLCK and F_UNLCK of fcntl(2).
    public enum Kind: UInt32, Sendable {
        case shared = 0
        case exclusive = 1
        case unlock = 2
    }

    public var kind: Kind
    /// The first byte.
    public var start: UInt64
    /// The last byte; 2⁶³−1 reaches to the end of the file, wherever that is.
    public var end: UInt64
    /// Of the holder; 0 if unknown.
    public var processID: Int32

    public init(kind: Kind, start: UInt64, end: UInt64, processID: Int32) {
        self.kind = kind
        self.start = start
        self.end = end
        self.processID = processID
    }
}
