import ArgumentParser
import BypassIOMount
import BypassIOProtocol
import ControlInterface
import Foundation
import IOStack
import LinuxKit
import ServiceEvents
import SystemPackage

/// A volume that is served, as its control interface sees it.
///
/// Any thread that may wait.
final class LiveVolume: ControlledVolume {
    let mounted: MountedVolume
    let live: LiveFilters
    let log: ServiceLog
    let timing: CallbackTiming
    private let source: String
    private let successor: ServiceRestart
    private var device: DeviceNumber? { mounted.device }

    init(
        _ mounted: MountedVolume, _ live: LiveFilters, source: String, log: ServiceLog,
        restart successor: ServiceRestart
    ) {
        self.successor = successor
        self.log = log
        timing = CallbackTiming(mounted)
        self.mounted = mounted
        self.live = live
        self.source = source
    }

    func identity(_ clients: ServiceReport.Clients) -> ServiceReport {
        let isMounted = MountTable.current.entries.contains {
            $0.device == device && $0.mountPoint == mounted.mountPoint
        }
        return ServiceReport(
            version: BypassioCommand.configuration.version, process: getpid(), source: source,
            mountPoint: mounted.mountPoint.string,
            device: device?.description ?? "", isMounted: isMounted,
            clients: clients)
    }

    func report() -> VolumeReport { mounted.report }

    func restart() throws(ControlFault) -> RestartReport { try successor.run() }
}

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
        tallies.requests = mounted.requestTimes.map {
            VolumeTallies.Requests(operation: $0.operation, route: $0.route, times: $0.times)
        }
        return tallies
    }
}

/// Requests on their way through the layers, for who looks.
extension LiveVolume {
    func beginTrace(_ order: TraceOrder) throws(ControlFault) -> any RunningTrace {
        var filter = TraceFilter(process: order.process)
        if let text = order.path {
            guard let pattern = PathPattern(text) else {
                throw ControlFault(
                    400, "malformed-query",
                    "The pattern of paths is empty, has more than \(PathPattern.longest) characters, "
                        + "or a set without an end."
                )
            }
            filter.path = pattern
        }
        do throws(TraceRefusal) {
            return try mounted.beginTrace(filter)
        } catch {
            switch error {
            case .tooMany(let most):
                throw ControlFault(
                    503, "too-many-traces", "The mount is traced \(most) times already.",
                    advice: "Try again when one of these has ended.")
            case .unobserved, .ended:
                throw ControlFault(503, "not-served", "The mount is served no more.")
            }
        }
    }
}

extension RequestTrace: RunningTrace {}
