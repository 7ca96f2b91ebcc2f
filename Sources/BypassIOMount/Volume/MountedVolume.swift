public import BypassIOProtocol
public import FUSE
public import IOStack
public import SystemPackage

/// A volume that every program on the machine can use.
///
/// The process that serves it must not use the mounted files itself: it would wait for itself. Any
/// thread may call the functions here.
public final class MountedVolume: Sendable {
    public let volume: IOStack.Volume
    private let fileSystem: VolumeFileSystem
    private let mounted: MountedSession
    private let forwarder: ChangeForwarder?

    private init(_ fileSystem: VolumeFileSystem, _ mounted: MountedSession) {
        volume = fileSystem.volume
        forwarder = ChangeForwarder(
            fileSystem.trust, fileSystem.nodes, mounted.session.notifier)
        self.fileSystem = fileSystem
        self.mounted = mounted
        fileSystem.notices.begin(mounted.session.notifier)
        if let unwatched = UnwatchedFiles(fileSystem.trust, fileSystem.handles, fileSystem.notices)
        {
            fileSystem.unwatched.withLock { $0 = unwatched }
        }
        if mounted.session.passthroughObstacle != nil { fileSystem.kernelRoute?.stop() }
    }

    /// Set on the mount's root, by who may set trusted attributes: whether reads move access times
    /// from then on, "1" or "0". It is not listed.
    public static let accessTimesAttribute = Array("trusted.bypassio.access_times".utf8)

    /// Why nobody gets kernel reads, although the mount would grant them; one sentence that says
    /// what to do. nil where they work or were not asked for.
    public var kernelReadObstacle: String? {
        fileSystem.kernelRoute == nil ? nil : mounted.session.passthroughObstacle
    }

    /// Mounts a volume at an empty directory and serves it on threads of its own; returns when it
    /// can be used.
    ///
    /// What programs make gets the bits that their umask leaves; for that, this process must have
    /// none of its own (`umask(0)`). As root it serves every user if `MountOptions.allowOther` is
    /// set; the kernel checks permissions.
    ///
    /// - Throws: ``VolumeMountError``.
    public static func mount(
        _ volume: IOStack.Volume, at mountPoint: FilePath,
        options: VolumeMountOptions = VolumeMountOptions()
    ) throws(VolumeMountError) -> MountedVolume {
        // Requests that wait in the stack tell the thread that carries them.
        RequestWait.observe(
            RequestWait.Observer(
                begins: { WorkerThread.beginWait($0) }, ends: { WorkerThread.endWait() }))
        volume.drainLimit = options.drainLimit
        let fileSystem: VolumeFileSystem
        do throws(IOFailure) {
            fileSystem = try VolumeFileSystem(volume, options)
        } catch {
            throw .root(error)
        }
        let threads = fileSystem.shares.threads
        var mountOptions = options.mount
        mountOptions.rootPermissions = fileSystem.rootPermissions
        do throws(MountError) {
            let mounted = try Mounting.mount(
                Connection(fileSystem, observer: options.observer), at: mountPoint,
                options: mountOptions,
                maximumThreads: min(options.maximumThreads, threads), threadLimit: threads,
                transport: options.transport)
            return MountedVolume(fileSystem, mounted)
        } catch {
            fileSystem.closeAll()
            throw .mount(error)
        }
    }

    public var mountPoint: FilePath { mounted.mountPoint }

    /// Files and directories that programs have open.
    public var openHandleCount: Int { fileSystem.handles.count }

    /// Files that the kernel knows.
    public var knownFileCount: Int { fileSystem.nodes.count }

    /// The filters, their counters and the routes of reads.
    public var report: VolumeReport { VolumeReport(fileSystem) }

    /// The same in JSON, on one line, as `bypassio filters --json` prints it.
    public var reportText: String {
        String(decoding: ReportText.json(report), as: UTF8.self)
    }

    /// Takes the volume out of the name space. Open files are served until they are closed.
    public func unmount() throws(MountError) {
        try mounted.unmount()
    }

    /// Ends the service now; programs that use the volume get errors.
    public func abort() {
        mounted.abort()
    }

    /// Sleeps until the volume is unmounted and nobody has a file of it open; then everything is
    /// closed. Not from a thread that serves it.
    public func waitUntilUnmounted() {
        mounted.waitUntilUnmounted()
        forwarder?.stop()
        fileSystem.unwatched.take()?.stop()
        fileSystem.notices.stop()
        fileSystem.closeAll()
    }
}
