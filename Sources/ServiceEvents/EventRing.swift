public import BypassIOProtocol
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

/// What makes two events the same: of those only one is told in a second, with their number.
public struct EventKey: Hashable, Sendable {
    public let kind: ServiceEvent.Kind
    /// A filter, a cause.
    public let subject: String
    /// Tells files apart; 0 for none.
    public let file: Int

    public init(_ kind: ServiceEvent.Kind, of subject: String = "", file: Int = 0) {
        self.kind = kind
        self.subject = subject
        self.file = file
    }
}

/// Which events were told a moment ago, and how often they happened again since. A value under its
/// owner's lock.
///
/// Bounded: an event that finds no room is told as if it were new, so that none is lost.
struct EventWindows: Sendable {
    private struct Window {
        var end: ContinuousClock.Instant
        let event: ServiceEvent
        var repeats: UInt64 = 0
    }

    private static let limit = 4096

    private let length: Duration
    private var windows: [EventKey: Window] = [:]
    /// Windows with something to tell at their end.
    private(set) var pending = 0

    init(length: Duration) { self.length = length }

    /// Whether the same was told within the window, which then counts it.
    mutating func counts(_ key: EventKey, at now: ContinuousClock.Instant) -> Bool {
        // In place: the table holds the event's strings.
        guard let index = windows.index(forKey: key), windows.values[index].end > now else {
            return false
        }
        if windows.values[index].repeats == 0 { pending += 1 }
        windows.values[index].repeats += 1
        return true
    }

    /// An event is about to be told: the same is counted from now on. Returns it with what was
    /// counted before and not yet told.
    mutating func open(
        _ key: EventKey, _ event: ServiceEvent, at now: ContinuousClock.Instant
    ) -> ServiceEvent {
        var told = event
        if let earlier = windows.removeValue(forKey: key), earlier.repeats > 0 {
            told.count += earlier.repeats
            pending -= 1
        }
        if windows.count == Self.limit {
            windows = windows.filter { $1.end > now || $1.repeats > 0 }
        }
        if windows.count < Self.limit { windows[key] = Window(end: now + length, event: event) }
        return told
    }

    /// Takes out what was counted in windows that are over. What goes on happening is told once in
    /// each window.
    mutating func due(at now: ContinuousClock.Instant) -> [ServiceEvent] {
        guard pending > 0 else { return [] }
        var due: [ServiceEvent] = []
        for (key, window) in windows where window.repeats > 0 && window.end <= now {
            var event = window.event
            event.count = window.repeats
            due.append(event)
            windows[key] = Window(end: now + length, event: window.event)
            pending -= 1
        }
        return due
    }
}
