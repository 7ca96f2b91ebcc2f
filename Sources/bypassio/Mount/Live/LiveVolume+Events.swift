import BypassIOMount
import BypassIOProtocol
import ServiceEvents

/// What happens on the volume, for who looks.
extension LiveVolume {
    func events(after number: UInt64, limit: Int) -> EventPage {
        log.events?.page(after: number, limit: limit)
            ?? EventPage(events: [], lost: 0, next: number)
    }

    func newsOfEvents() -> AsyncStream<Void> {
        log.events?.news() ?? AsyncStream { $0.finish() }
    }

    func beginActivity() -> @Sendable (Int) -> ActivityReport {
        timing.look()
        let first = mounted.sample()
        return { [mounted] limit in mounted.activity(since: first, limit: limit) }
    }

    func timeCallbacks() { timing.look() }
}
