/// A run of bytes on the storage.
@frozen
public struct StorageExtent: Hashable, Sendable {
    public var handle: StorageHandle
    /// In bytes from the beginning of what `handle` names.
    public var offset: UInt64
    /// In bytes.
    public var length: Int

    @inlinable
    public init(handle: StorageHandle, offset: UInt64, length: Int) {
        self.handle = handle
        self.offset = offset
        self.length = length
    }
}
