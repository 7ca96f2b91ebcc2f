/// A file object in a queue: ``ReadQueue/attach(_:)`` makes it.
@frozen
public struct QueuedFile: Hashable, Sendable {
    let index: Int32
    let attach: UInt32
}
