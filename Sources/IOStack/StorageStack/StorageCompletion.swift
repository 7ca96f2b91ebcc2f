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
