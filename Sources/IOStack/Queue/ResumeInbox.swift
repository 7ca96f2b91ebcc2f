/// Slots whose pended requests a filter completed on another thread.
///
/// Lock order: a leaf.
final class ResumeInbox: Sendable {
    private let slots = Guarded<[Int]>([])

    func post(_ slot: Int) {
        slots.withLock { $0.append(slot) }
    }

    /// One at a time: continuing a request may look here again.
    func take() -> Int? {
        slots.withLock { $0.popLast() }
    }
}
