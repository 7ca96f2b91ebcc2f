import BypassIOMount
import BypassIOProtocol
import ControlInterface
import IOStack
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

    func tallies() -> VolumeTallies {
        var tallies = VolumeTallies()
        log.addTallies(to: &tallies)
        tallies.callbacks = live.volume.instances.flatMap { instance in
            MajorFunction.allCases.map { function in
                VolumeTallies.Callbacks(
                    filter: instance.filter.name, altitude: instance.altitude.description,
                    operation: function.windowsName,
                    times: instance.callbackTimes(of: function))
            }
        }
        return tallies
    }
}
