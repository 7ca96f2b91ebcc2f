/// The outcome of a read: its slot, and the bytes read or the error.
@frozen
public struct ReadCompletion: Equatable, Sendable {
    /// The slot given to ``ReadEngine/start(slot:file:offset:length:)``.
    public let slot: Int32
    /// Bytes read (0 at or beyond the end of the file), or a negated `errno`.
    public let result: Int32

    @inlinable
    public init(slot: Int32, result: Int32) {
        self.slot = slot
        self.result = result
    }
}
