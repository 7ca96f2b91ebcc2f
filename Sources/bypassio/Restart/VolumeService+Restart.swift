import ArgumentParser
import BypassIOMount
import ControlInterface
import FUSE
import Foundation
import HostFileSystem
import IOStack
import LinuxKit
import Logging
import SystemPackage

/// The new service's side of a restart in place (docs/restart.md).
extension VolumeService {
    /// How long programs wait for filters that look through files before they agree to bypass.
    private static let askingLimit = Duration.seconds(1)

    /// Serves a mount that another process served until now. Until that says go, whatever fails
    /// here changes nothing for anybody.
    static func goOn(
        with handover: ServiceHandover, _ settings: MountSettings, _ signals: inout SignalSet
    ) throws {
        let service: VolumeService
        if let channel = handover.unmounter {
            Unmounter.adopt(channel, for: ArgumentPath.mountPoint(settings.mountPoint))
        }
        do {
            let executor = try ControlExecutor()
            // Programs wait meanwhile, on a machine that may have much else to do. This process was
            // started by a prompt thread.
            service = try PromptThread.working(usualAsIn: getppid()) {
                let port = try settings.controlPort.open(inherited: handover.state.port)
                let log = try ServiceLog(LogDestination(settings), isDebug: settings.isDebug)
                do {
                    let service = try VolumeService(
                        settings, log, MountControl(port: port, executor), after: handover)
                    try handover.awaitGo()
                    return service
                } catch {
                    logFailure(error, of: handover, log)
                    throw error
                }
            }
            if let guardian = handover.state.gates?.guardian, service.guardian == nil {
                GuardianLink.end(guardian)
            }
            service.takeOver(from: handover)
            try service.mounted.begin()
        } catch {
            handover.refuse((error as? CommandError)?.message ?? "\(error)")
            throw error
        }
        defer { service.log.end() }
        service.log.logger.tell(
            .start, .info,
            "version \(BypassioCommand.configuration.version) has taken over the mount"
                + (handover.died == nil ? "" : " of a service that died"))
        service.logMount()
        // The socket's name may be that of another mount by now.
        if service.mounted.isInPlace {
            service.control.prepare(
                settings, service.log, service.mounted.mountPoint, isSuccessor: true)
            service.serveControl()
        } else {
            service.log.logger.tell(
                .control, .notice, "no control interface: the mount was unmounted lazily")
        }
        handover.tellServing()
        service.guardian?.watchEnd(of: service.mounted.mountPoint)
        if handover.died == nil { service.recovery?.begin(for: service) }
        service.logTakeover(from: handover)
        try service.serve(&signals)
    }

    /// Makes everything anew that the other process had; serves nothing yet.
    private init(
        _ settings: MountSettings, _ log: ServiceLog, _ control: MountControl,
        after handover: ServiceHandover
    ) throws {
        self.log = log
        manager = ServiceManager(
            environment: settings.isBackground ? [:] : ProcessInfo.processInfo.environment)
        self.control = control
        // Its path is not looked at: the mount point may lie there, and nothing answers.
        let source = ArgumentPath.path(settings.source)
        var settings = settings
        settings.readAhead(asOf: source)
        settings.volume.observer = log
        recovery = ServiceRecovery(settings, log, after: handover.died)
        if let died = handover.died { recovery?.prepare(succeeding: died) }
        settings.volume.recovery = recovery?.table
        settings.volume.recalled = handover.died
        self.settings = settings
        ServiceLimits.setDescriptors(settings.maximumDescriptors)
        guardian = Self.guardian(settings, log, adopting: handover.state.gates?.guardian)
        umask(0)
        if let recovery { guardian?.write(to: recovery.table) }
        volume = try Self.volume(source, settings, io, log, guardian, recovery?.table)
        live = LiveFilters(
            volume, io.filterManager, allowed: settings.allowedFilters, log: log)
        let state = handover.state
        mounted = try MountedVolume.adopt(volume, state, options: settings.volume)
        // A filter that knows no BypassIO comes last: handles keep the bypass that it stops.
        try live.attach(state.filters.filter { $0.name != ShippedFilter.legacy.rawValue })
        let lost = try mounted.takeUp(state)
        try live.attach(state.filters.filter { $0.name == ShippedFilter.legacy.rawValue })
        mounted.askAboutKernelReads(until: .now + Self.askingLimit)
        if lost > 0 {
            log.logger.tell(
                .veto, .notice,
                "\(lost) handle\(lost == 1 ? " has" : "s have") no bypass any more: "
                    + "a layer refuses")
        }
    }

    static func volume(
        _ source: FilePath, _ settings: MountSettings, _ io: IOManager, _ log: ServiceLog,
        _ guardian: GuardianLink?, _ recovery: RecoveryTable?
    ) throws -> Volume {
        do throws(HostVolumeError) {
            return try HostVolume.mount(
                directory: source, on: io, named: settings.source,
                suspensionPolicy: settings.suspensionPolicy,
                offersBypass: settings.bypass != .off, observer: log, guardian: guardian,
                recovery: recovery)
        } catch {
            throw CommandError(CommandStatus(error.kind), "\(error)")
        }
    }
}
