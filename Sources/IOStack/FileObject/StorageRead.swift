/// A read past filters and volume drivers that is in its gates and that somebody carries on his own:
/// ``FileObject/beginStorageRead(at:length:)`` makes it.
@frozen
public struct StorageRead: Hashable, Sendable {
    /// A descriptor of the host, open until the read has ended.
    public let descriptor: Int32
    /// In the descriptor's file, in bytes.
    public let offset: UInt64
    public let length: Int

    @inlinable
    public init(descriptor: Int32, offset: UInt64, length: Int) {
        self.descriptor = descriptor
        self.offset = offset
        self.length = length
    }
}
