import BypassIOMount
import FUSE
import Foundation
import HostFileSystem
import IOStack
import Synchronization
import SystemPackage

/// The process behind a mounted volume, from the mount to the end.
struct VolumeService {
    /// Sent by the process to itself when the volume is gone.
    private static let ended = SIGUSR2

    let settings: MountSettings
    private let io = IOManager()
    private let volume: Volume
    let mounted: MountedVolume

    /// Mounts as told, and serves until the end; with ``MountSettings/isBackground`` in another
    /// process.
    static func run(_ settings: MountSettings) throws {
        if settings.isBackground, !BackgroundService.isChild {
            return try BackgroundService.start()
        }
        // Before any thread: what serves must not be interrupted.
        var signals = signals()
        let service = try VolumeService(settings)
        if let obstacle = service.mounted.kernelReadObstacle {
            StandardOutput.complain("bypassio: bypass=auto is as bypass=request here. \(obstacle)")
        }
        let report = settings.isSilent ? [] : service.report(isWaiting: !settings.isBackground)
        report.forEach { StandardOutput.print($0.onOneLine) }
        if settings.isBackground { BackgroundService.tellReady() }
        try service.serve(&signals)
    }

    /// The signals that ``serve(_:)`` waits for; before any thread is started.
    static func signals() -> SignalSet {
        SignalSet([SIGINT, SIGTERM, SIGHUP, SIGUSR1, ended])
    }

    /// Mounts; the volume can be used when it returns.
    init(_ settings: MountSettings) throws {
        let source = try Self.source(settings)
        var settings = settings
        settings.readAhead(asOf: source)
        self.settings = settings
        Self.raiseDescriptorLimit()
        // What programs make gets the bits that their own umask leaves.
        umask(0)
        do throws(HostVolumeError) {
            volume = try HostVolume.mount(
                directory: source, on: io, named: settings.source,
                suspensionPolicy: settings.suspensionPolicy,
                offersBypass: settings.bypass != .off)
        } catch {
            throw CommandError(CommandStatus(error.kind), "\(error)")
        }
        for setting in settings.filters {
            try Self.attach(setting, to: volume, io)
        }
        do throws(VolumeMountError) {
            mounted = try Self.mount(volume, settings)
        } catch {
            throw CommandError(CommandStatus(error), "Cannot mount: \(error)")
        }
    }

    /// Mounts, at once or after the mount of a killed service of ours was taken away from the place.
    private static func mount(
        _ volume: Volume, _ settings: MountSettings
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
            StandardOutput.complain(
                "bypassio: the service that had \(settings.mountPoint.onOneLine) was gone; its mount "
                    + "was taken away.")
            return try mount()
        }
    }

    /// The source's real path; the mount point must not lie within it, where the service would wait
    /// for itself.
    private static func source(_ settings: MountSettings) throws -> FilePath {
        let source = ArgumentPath.path(settings.source)
        let place = ArgumentPath.path(settings.mountPoint)
        guard let real = realPath(source), let target = realPath(place) else { return source }
        guard target != real, target.starts(with: real) else { return source }
        throw CommandError(
            .usage,
            "The mount point \(settings.mountPoint) lies within \(settings.source), which would "
                + "contain itself: name a directory outside.")
    }

    private static func realPath(_ path: FilePath) -> FilePath? {
        guard let text = unsafe path.withPlatformString({ unsafe realpath($0, nil) }) else {
            return nil
        }
        defer { unsafe free(text) }
        return unsafe FilePath(platformString: text)
    }

    private static func attach(
        _ setting: FilterSetting, to volume: Volume, _ io: IOManager
    ) throws {
        let registration = try setting.filter.make(setting.values, altitude: setting.altitude)
        do {
            try io.filterManager.attach(
                io.filterManager.register(registration), to: volume, altitude: setting.altitude)
        } catch {
            throw CommandError(
                .usage,
                "The filter \(setting.filter.rawValue) cannot be attached (\(error)): "
                    + "name each filter once, each at an altitude of its own.")
        }
    }

    /// Every open file is a descriptor: as many as are allowed.
    private static func raiseDescriptorLimit() {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
            return
        }
        limit.rlim_cur = limit.rlim_max
        _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    // MARK: Serving

    /// Waits for signals and for the end. What a signal asks for is done on a thread of its own: it may
    /// wait for what hangs, and the next signal must be heard all the same.
    func serve(_ signals: inout SignalSet) throws {
        let outcome = DismountOutcome()
        Thread.detachNewThread { [mounted, io, volume] in
            mounted.waitUntilUnmounted()
            outcome.set(Result { try io.dismount(volume) })
            kill(getpid(), Self.ended)
        }
        var isLeaving = false
        while true {
            let signal = signals.wait()
            switch signal {
            case Self.ended:
                return try outcome.get()
            case SIGUSR1:
                Thread.detachNewThread { [mounted] in StandardOutput.complain(mounted.report) }
            case SIGHUP where settings.isBackground:
                break
            case _ where isLeaving:
                endNow()
            default:
                isLeaving = true
                Thread.detachNewThread { leave() }
            }
        }
    }

    /// Unmounts and waits for the end.
    func end(_ signals: inout SignalSet) throws {
        kill(getpid(), SIGTERM)
        try serve(&signals)
    }

    /// How the volume was dismounted, written before the signal that tells of it.
    private final class DismountOutcome: Sendable {
        private let result = Mutex<Result<Void, any Error>>(.success(()))

        func set(_ value: Result<Void, any Error>) { result.withLock { $0 = value } }
        func get() throws { try result.withLock { $0 }.get() }
    }

    /// Takes the volume out of the name space; the end comes when nobody uses it any more.
    private func leave() {
        let count = mounted.openHandleCount
        do {
            try mounted.unmount()
        } catch {
            // Somebody else was faster, or it cannot be: then force it next time.
            return StandardOutput.complain("bypassio: \("\(error)".onOneLine)")
        }
        if count > 0 {
            StandardOutput.complain(
                "bypassio: unmounted; \(count) open file\(count == 1 ? " is" : "s are") served "
                    + "until closed. A second signal ends that.")
        }
    }

    /// What the requests under way have to end in, microseconds.
    private static let lastMoment: UInt32 = 700_000

    /// Ends the connection and, when requests go on that nobody waits for any more, this process: one
    /// may hang in SOURCE or in a filter for ever.
    private func endNow() {
        Thread.detachNewThread { [mounted] in mounted.abort() }
        Thread.detachNewThread {
            usleep(Self.lastMoment)
            StandardOutput.complain("bypassio: ended, although requests were under way that hang.")
            _exit(CommandStatus.success.rawValue)
        }
    }

    // MARK: What is there

    /// Callbacks that each filter ran so far.
    var callbacks: [UInt64] {
        volume.instances.map { $0.callbacksRun.pre + $0.callbacksRun.post }
    }

    /// What is mounted, or was, and its filters.
    func stack(isLeft: Bool) -> [String] {
        let verb = isLeft ? "is" : "was"
        return ["\(settings.source) \(verb) mounted at \(mounted.mountPoint.string)."]
            + volume.instances.map { instance in
                let answer = instance.filter.isOptedIn ? "knows BypassIO" : "blocks BypassIO"
                return "  \(instance.altitude)  \(instance.filter.name)  (\(answer))"
            }
    }

    /// What was mounted, and how to look at it.
    func report(isWaiting: Bool) -> [String] {
        let place = mounted.mountPoint.string
        return stack(isLeft: true) + [
            "Look at the filters:  bypassio filters \(place)",
            "Ask about a file:     bypassio state \(place)/FILE",
            "Unmount:              \(isWaiting ? "Ctrl-C, or " : "")bypassio umount \(place)",
        ]
    }
}
