import ArgumentParser
import BypassIOMount
import BypassIOProtocol
import ControlInterface
import Foundation
import LinuxKit
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
    /// As the mount table has it; nil where it could not be found there.
    private let device: DeviceNumber?

    init(
        _ mounted: MountedVolume, _ live: LiveFilters, source: String, log: ServiceLog
    ) {
        self.log = log
        timing = CallbackTiming(mounted.volume)
        self.mounted = mounted
        self.live = live
        self.source = source
        device = MountTable.current.top(at: mounted.mountPoint)?.device
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
}
