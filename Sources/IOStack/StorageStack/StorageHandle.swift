/// Where bytes lie for the storage driver: what a file system turns a file's offset into.
@frozen
public struct StorageHandle: Hashable, Sendable {
    /// Only the storage driver knows what it means (a descriptor, an index, a device).
    public let rawValue: Int32
    @inlinable public init(rawValue: Int32) { self.rawValue = rawValue }
}
