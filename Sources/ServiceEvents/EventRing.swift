internal import BypassIOProtocol
internal import DequeModule

/// The last events of a service. A value under its owner's lock.
struct EventRing: Sendable {
    private let capacity: Int
    private var events = Deque<ServiceEvent>()
    /// The number of the event that came last.
    private(set) var last: UInt64 = 0

    init(capacity: Int) { self.capacity = capacity }

    /// Numbers the event and keeps it, perhaps instead of the oldest.
    mutating func append(_ event: ServiceEvent) -> ServiceEvent {
        last += 1
        var numbered = event
        numbered.number = last
        if events.count == capacity { events.removeFirst() }
        events.append(numbered)
        return numbered
    }

    /// At most `limit` of those that came after the event of that number, the oldest first. A
    /// number of the future, as of an earlier service, stands for the beginning.
    func page(after number: UInt64, limit: Int) -> EventPage {
        let asked = number > last ? 0 : number
        let oldest = last - UInt64(events.count)
        let start = Int(max(asked, oldest) - oldest)
        let page = Array(events.dropFirst(start).prefix(max(0, limit)))
        return EventPage(
            events: page, lost: asked < oldest ? oldest - asked : 0,
            next: page.last?.number ?? max(asked, oldest))
    }
}
