/// A volume's note of a queue. Sendable, because a volume only asks it which thread it belongs to,
/// and goes on only on that thread.
struct WeakReadQueue: @unchecked Sendable {
    weak var queue: ReadQueue?
}
