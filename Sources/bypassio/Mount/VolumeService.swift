import ArgumentParser
import BypassIOMount
import BypassIOProtocol
import ControlInterface
import FUSE
import Foundation
import HostFileSystem
import IOStack
import LinuxKit
import Logging
import SystemPackage
import Terminal

/// The process behind a mounted volume, from the mount to the end.
struct VolumeService {
    /// The process sends it to itself when the volume is gone.
    private static let ended = SIGUSR2

    let settings: MountSettings
    let io = IOManager()
    let volume: Volume
    let live: LiveFilters
    let mounted: MountedVolume
    let log: ServiceLog
    let manager: ServiceManager
    let control: MountControl
    /// nil: the kernel opens every gate when this process dies, or there are no gates.
    let guardian: GuardianLink?
    /// nil: no process takes this one's place if it dies.
    let recovery: ServiceRecovery?

    /// Mounts by the settings, and serves until the end; with ``MountSettings/isBackground`` in
    /// another process.
    static func run(_ settings: MountSettings) throws {
        try settings.check()
        if settings.isBackground, !BackgroundService.isChild {
            return try BackgroundService.start()
        }
        // Before any thread: signals must not interrupt the threads that serve.
        var signals = signals()
        if let handover = try ServiceHandover.received() {
            return try goOn(with: handover, settings, &signals)
        }
        if try TakenMount.tell(ServiceManager(), settings) { return }
        try checkLogPlace(settings)
        // First: the service gives up sockets of TCP.
        let port = try settings.controlPort.open()
        var hardening = ServiceHardening(settings)
        let executor = try ControlExecutor()
        let log = try ServiceLog(LogDestination(settings), isDebug: settings.isDebug)
        defer { log.end() }
        log.logger.tell(
            .start, .info,
            """
            version \(BypassioCommand.configuration.version) starts, to mount \(settings.source) at \
            \(settings.mountPoint)
            """)
        let service = try mounted(settings, log, port, executor)
        hardening.mounted()
        service.recovery?.begin(for: service)
        service.logMount()
        if !hardening.failures.isEmpty {
            log.logger.tell(
                .start, .notice,
                "the kernel did not take away: \(hardening.failures.joined(separator: ", "))")
        }
        if let obstacle = service.mounted.kernelReadObstacle {
            let words = "bypass=auto is as bypass=request here. \(obstacle)"
            StandardOutput.complain("bypassio: \(words)")
            log.logger.tell(.mount, .info, words)
        }
        service.tellOfRootsOptions()
        service.tellOfTransport()
        if log.destination == .nowhere {
            StandardOutput.complain(
                "bypassio: this machine has neither systemd's journal nor /dev/log, so the service "
                    + "tells nobody anything: name a file with --log.")
        }
        service.serveControl()
        let report = settings.isSilent ? [] : service.report(isWaiting: !settings.isBackground)
        report.forEach { StandardOutput.print($0.onOneLine) }
        if settings.isBackground {
            BackgroundService.tellReady(keepingErrors: log.destination == .standardError)
        }
        service.manager.tellReady("\(settings.source) is mounted at \(settings.mountPoint)")
        try service.serve(&signals)
    }

    /// Mounts, with a control interface, or with neither.
    private static func mounted(
        _ settings: MountSettings, _ log: ServiceLog, _ port: ControlPort?,
        _ executor: ControlExecutor
    ) throws -> VolumeService {
        let control = MountControl.prepared(settings, port, executor, log)
        do {
            return try VolumeService(settings, log, control)
        } catch {
            control.end()
            // At a terminal the command's own end shows it.
            if log.destination != .standardError {
                let words = (error as? CommandError)?.message ?? "\(error)"
                log.logger.tell(.error, .error, "not mounted: \(words)")
            }
            throw error
        }
    }

    /// Sooner than at the restart that is refused.
    private func tellOfTransport() {
        guard let further = settings.volume.transport.further, further.obstacle() == nil else {
            return
        }
        log.logger.tell(
            .start, .notice,
            "bypassio restart cannot replace this service: \(RestartRefusal.transport)")
    }

    private func tellOfRootsOptions() {
        let names = settings.rootsOptions
        guard geteuid() != 0, !names.isEmpty else { return }
        complain(
            "without root \(names.joined(separator: ", ")) "
                + "\(names.count == 1 ? "does" : "do") nothing.")
    }

    /// The signals for which ``serve(_:)`` waits; call before any thread starts. Ignores SIGPIPE:
    /// when nothing reads the output any more, the service must not end and leave its mount.
    static func signals() -> SignalSet {
        _ = signal(SIGPIPE, SIG_IGN)
        return SignalSet([SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGCHLD, ended])
    }

    /// Mounts; programs can use the volume when it returns.
    init(
        _ settings: MountSettings, _ log: ServiceLog = .silent,
        _ control: MountControl = MountControl()
    ) throws {
        self.log = log
        // In the background it is no service of whoever started it.
        manager = ServiceManager(
            environment: settings.isBackground ? [:] : ProcessInfo.processInfo.environment)
        self.control = control
        let source = try Self.source(settings)
        var settings = settings
        settings.readAhead(asOf: source)
        settings.volume.observer = log
        recovery = ServiceRecovery(settings, log)
        settings.volume.recovery = recovery?.table
        self.settings = settings
        ServiceLimits.setDescriptors(settings.maximumDescriptors)
        // After the limit, which the guardian inherits.
        guardian = Self.guardian(settings, log)
        if let recovery { guardian?.write(to: recovery.table) }
        // The programs' own umask decides the bits of new files.
        umask(0)
        volume = try Self.volume(source, settings, io, log, guardian, recovery?.table)
        live = LiveFilters(
            volume, io.filterManager, allowed: settings.allowedFilters, log: log)
        for setting in settings.filters {
            try Self.attach(setting, live)
        }
        do throws(VolumeMountError) {
            mounted = try Self.mount(volume, settings, log)
        } catch {
            throw CommandError(CommandStatus(error), "Cannot mount: \(error)")
        }
        guardian?.watchEnd(of: mounted.mountPoint)
    }

    /// The way to a guardian, which starts with the first file that needs one.
    static func guardian(
        _ settings: MountSettings, _ log: ServiceLog, adopting known: HandedGates.Guardian? = nil
    ) -> GuardianLink? {
        guard settings.bypass == .auto, settings.crash.gates == .closed else { return nil }
        func arguments(_ slot: Int32) -> [String] {
            GuardianCommand.arguments(settings, slot: slot)
        }
        if let known {
            return try? GuardianLink(
                adopting: known, arguments: arguments, tell: { log.saw($0) })
        }
        return try? GuardianLink(arguments: arguments, tell: { log.saw($0) })
    }

    /// Mounts at once, or after it removed the mount of a killed service of ours from the place.
    private static func mount(
        _ volume: Volume, _ settings: MountSettings, _ log: ServiceLog
    ) throws(VolumeMountError) -> MountedVolume {
        func mount() throws(VolumeMountError) -> MountedVolume {
            try MountedVolume.mount(
                volume, at: ArgumentPath.path(settings.mountPoint), options: settings.volume)
        }
        do throws(VolumeMountError) {
            return try mount()
        } catch {
            guard case .mount(let refusal) = error, refusal.kind == .mountPointDead,
                DeadMount.remove(at: settings.mountPoint, subtype: settings.volume.mount.subtype)
            else { throw error }
            let words =
                "the service that had \(settings.mountPoint.onOneLine) was gone; its mount was taken away."
            StandardOutput.complain("bypassio: \(words)")
            log.logger.tell(.mount, .info, words)
            return try mount()
        }
    }

    /// The source's real path. The mount point must not lie within it, because the service would
    /// wait for itself.
    private static func source(_ settings: MountSettings) throws -> FilePath {
        let source = ArgumentPath.path(settings.source)
        let place = ArgumentPath.path(settings.mountPoint)
        guard let real = realPath(source), let target = realPath(place) else { return source }
        guard target != real else {
            throw CommandError(
                .usage,
                "SOURCE and MOUNTPOINT are one directory, \(settings.source), which would be hidden: "
                    + "name another, empty one to mount at.")
        }
        guard target.starts(with: real) else { return source }
        throw CommandError(
            .usage,
            "The mount point \(settings.mountPoint) lies within \(settings.source), which would "
                + "contain itself: name a directory outside.")
    }

    /// A log that lies on its own mount would be written through itself.
    private static func checkLogPlace(_ settings: MountSettings) throws {
        guard let log = settings.log, !log.isEmpty, !LogDestination.words.contains(log) else {
            return
        }
        let folder = ArgumentPath.path(log).removingLastComponent()
        guard let real = realPath(folder.isEmpty ? "." : folder),
            real.starts(with: ArgumentPath.mountPoint(settings.mountPoint))
        else { return }
        throw CommandError(
            .usage, "The log \(log) lies within the mount point: name a file elsewhere.")
    }

    private static func realPath(_ path: FilePath) -> FilePath? {
        try? SystemCall.realPath(path)
    }

    private static func attach(_ setting: FilterSetting, _ live: LiveFilters) throws {
        do {
            _ = try live.attach(setting, reason: .automatic, mustBeNew: true)
        } catch let refusal as LiveFilters.Refusal {
            let name = setting.filter.rawValue
            if case .notAllowed(_, let allowed) = refusal {
                throw CommandError(
                    .usage,
                    "The filter \(name) may not attach: filters_allowed has \(allowed.words).")
            }
            throw CommandError(
                .usage,
                "The filter \(name) cannot be attached (\(refusal.status)): "
                    + "name each filter once, each at an altitude of its own.")
        }
    }

    // MARK: Serving

    /// Waits for signals and for the end. A thread of its own carries out each signal, because it
    /// may wait for a request that hangs, and the service must react to the next signal.
    func serve(_ signals: inout SignalSet) throws {
        let outcome = DismountOutcome()
        Thread.detachNewThread { [mounted, io, volume, guardian, live] in
            mounted.waitUntilUnmounted { guardian?.keep() }
            live.end()
            outcome.set(Result { try io.dismount(volume) })
            kill(getpid(), Self.ended)
        }
        var isLeaving = false
        var cause = "it was unmounted"
        while true {
            let signal = signals.wait()
            switch signal {
            case SIGCHLD: recovery?.look(for: self)
            case Self.ended:
                recovery?.end()
                control.end()
                guardian?.end()
                log.tellTotals()
                let words = "\(settings.mountPoint) is served no more: \(cause)"
                log.record(.ended, .info, words) { $0.cause = cause }
                manager.tellStopping(words)
                return try outcome.get()
            case SIGUSR1:
                Thread.detachNewThread { [self] in tellReport() }
            case SIGHUP where log.isReopened:
                log.reopen()
            case SIGHUP where settings.isBackground:
                break
            case _ where isLeaving:
                cause += ", and a second signal ended it with files open"
                endNow()
            default:
                isLeaving = true
                cause = "signal \(signal) came"
                manager.tellStopping("unmounting \(settings.mountPoint)")
                log.logger.tell(
                    .signal, .info, "signal \(signal): unmounting \(settings.mountPoint)")
                Thread.detachNewThread { leave() }
            }
        }
    }

    /// Writes the counters to the log; at a terminal as bare JSON.
    private func tellReport() {
        guard log.destination != .standardError else {
            return StandardOutput.complain(mounted.reportText)
        }
        log.logger.tell(.report, .notice, mounted.reportText)
        log.tellTotals()
    }

    /// - Parameter canRestart: another process can be started by this one's command line.
    func serveControl(canRestart: Bool = true) {
        do {
            try control.serve(
                LiveVolume(
                    mounted, live, source: settings.source, log: log,
                    restart: ServiceRestart(
                        mounted, live, log, manager, control.port, recovery,
                        canStart: canRestart)))
            mounted.tellControl(at: control.path)
        } catch {
            control.end()
            complain("no control interface: \(error).")
        }
    }

    func logMount() {
        log.record(
            .mounted, .info,
            """
            \(settings.source) (\(volume.fileSystem.name)) is mounted at \(mounted.mountPoint), \
            bypass=\(settings.bypass.rawValue), suspend=\(settings.suspensionPolicy.rawValue)
            """)
    }

    /// Reports to standard error, and to the log if that goes elsewhere.
    private func complain(_ words: String) {
        if log.destination != .standardError { log.logger.tell(.error, .warning, words) }
        StandardOutput.complain("bypassio: \(words.onOneLine)")
    }

    /// Unmounts and waits for the end.
    func end(_ signals: inout SignalSet) throws {
        kill(getpid(), SIGTERM)
        try serve(&signals)
    }

    /// The result of the dismount, written before the signal that announces it.
    private final class DismountOutcome: Sendable {
        private let result = Guarded<Result<Void, any Error>>(.success(()))

        func set(_ value: Result<Void, any Error>) { result.withLock { $0 = value } }
        func get() throws { try result.withLock { $0 }.get() }
    }

    /// Removes the volume from the name space; the service ends when no program uses the volume any
    /// more.
    private func leave() {
        let count = mounted.openHandleCount
        do {
            try mounted.unmount()
        } catch {
            // Another process unmounted first, or it is impossible: the next signal forces it.
            return complain("\(error)")
        }
        if count > 0 {
            complain(
                "unmounted; \(count) open file\(count == 1 ? " is" : "s are") served until closed. "
                    + "A second signal ends that.")
        }
    }

    /// The time for requests under way to end, in microseconds.
    private static let lastMoment: UInt32 = 600_000

    /// Ends the connection. Ends this process too if requests continue that no program waits for: a
    /// request may hang in SOURCE or in a filter for ever.
    private func endNow() {
        recovery?.end()
        Thread.detachNewThread { [mounted] in mounted.abort() }
        Thread.detachNewThread {
            usleep(Self.lastMoment)
            complain("ended, although requests were under way that hang.")
            log.end(within: .milliseconds(300))
            _exit(CommandStatus.success.rawValue)
        }
    }
}
