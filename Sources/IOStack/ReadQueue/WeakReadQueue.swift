/// A volume's note of a queue. Sendable, because nobody but the queue's own thread takes it out: a
/// reference held elsewhere might become the last one, and end the queue on the wrong thread.
struct WeakReadQueue: @unchecked Sendable {
    let id: ObjectIdentifier
    private weak var queue: ReadQueue?
    private let isMine: @Sendable () -> Bool

    init(queue: ReadQueue, isMine: @escaping @Sendable () -> Bool) {
        id = ObjectIdentifier(queue)
        self.queue = queue
        self.isMine = isMine
    }

    /// The queue, on its own thread; nil elsewhere or when it is gone.
    var own: ReadQueue? { isMine() ? queue : nil }
}
