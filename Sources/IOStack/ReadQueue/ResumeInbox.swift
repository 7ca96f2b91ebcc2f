/// Slots whose pended requests a filter completed on another thread.
///
/// Lock order: a leaf.
final class ResumeInbox: Sendable {
    private let slots = Guarded<[Int]>([])

    func post(_ slot: Int) {
        slots.withLock { $0.append(slot) }
    }

    func takeAll() -> [Int] {
        slots.withLock { slots in
            let all = slots
            slots.removeAll(keepingCapacity: true)
            return all
        }
    }
}
