/// A run of bytes on the storage.
@frozen
public struct StorageExtent: Hashable, Sendable {
    public var handle: StorageHandle
    /// In bytes from the beginning of the handle's bytes.
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

/// Where bytes lie for the storage driver: a file system maps a file's offsets to it.
@frozen
public struct StorageHandle: Hashable, Sendable {
    /// Only the storage driver knows its meaning (a descriptor, an index, a device).
    public let rawValue: Int32
    @inlinable public init(rawValue: Int32) { self.rawValue = rawValue }
}

/// A read that an engine finished.
@frozen
public struct StorageCompletion: Sendable, Equatable {
    public let slot: Int32
    /// Bytes read, or the negative errno.
    public let result: Int32

    @inlinable
    public init(slot: Int32, result: Int32) {
        self.slot = slot
        self.result = result
    }
}
