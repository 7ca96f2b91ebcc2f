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
    private let tracing: RequestTracing

    private init(
        _ fileSystem: VolumeFileSystem, _ mounted: MountedSession, _ tracing: RequestTracing
    ) {
        self.tracing = tracing
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

    /// A program that may set trusted attributes sets it on the mount's root: whether reads change
    /// access times from then on, "1" or "0". Listings leave it out.
    public static let accessTimesAttribute = Array("trusted.bypassio.access_times".utf8)

    /// Why no program gets kernel reads, although the mount would grant them: one sentence that
    /// says what to do. nil where they work or were not requested.
    public var kernelReadObstacle: String? {
        fileSystem.kernelRoute == nil ? nil : mounted.session.passthroughObstacle
    }

    /// Mounts a volume at an empty directory and serves it on threads of its own; returns when
    /// programs can use it.
    ///
    /// New files get the bits that their programs' umask leaves; for that, this process must have
    /// none of its own (`umask(0)`). As root it serves every user if `MountOptions.allowOther` is
    /// set; the kernel checks permissions.
    ///
    /// - Throws: ``VolumeMountError``.
    public static func mount(
        _ volume: IOStack.Volume, at mountPoint: FilePath,
        options: VolumeMountOptions = VolumeMountOptions()
    ) throws(VolumeMountError) -> MountedVolume {
        // A request that waits in the stack reports that to the thread that carries it.
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
        let tracing = RequestTracing(volume, fileSystem.handles)
        let threads = fileSystem.shares.threads
        var mountOptions = options.mount
        mountOptions.rootPermissions = fileSystem.rootPermissions
        do throws(MountError) {
            let mounted = try Mounting.mount(
                Connection(fileSystem, observer: options.observer, tracer: tracing),
                at: mountPoint,
                options: mountOptions,
                maximumThreads: min(options.maximumThreads, threads), threadLimit: threads,
                transport: options.transport)
            return MountedVolume(fileSystem, mounted, tracing)
        } catch {
            fileSystem.closeAll()
            throw .mount(error)
        }
    }

    public var mountPoint: FilePath { mounted.mountPoint }

    /// The number of files and directories that programs have open.
    public var openHandleCount: Int { fileSystem.handles.count }

    /// The number of files that the kernel knows.
    public var knownFileCount: Int { fileSystem.nodes.count }

    /// The filters, their counters and the routes of reads.
    public var report: VolumeReport { VolumeReport(fileSystem) }

    /// The same in JSON, on one line, as `bypassio filters --json` prints it.
    public var reportText: String {
        String(decoding: ReportText.json(report), as: UTF8.self)
    }

    /// What the counters say now. Whoever wants to know how long callbacks take has them timed
    /// first (`Volume.timeCallbacks(_:)`).
    public func sample() -> ActivitySample { ActivitySample(fileSystem) }

    /// What happened since an earlier sample, with the `limit` busiest files and processes.
    public func activity(since earlier: ActivitySample, limit: Int) -> ActivityReport {
        sample().report(since: earlier, fileSystem, limit: limit)
    }

    /// Begins to follow requests through the layers, until the trace is dropped. Nothing is
    /// recorded while nobody traces. The mount's options must name an observer.
    public func beginTrace(
        _ filter: TraceFilter = TraceFilter()
    ) throws(TraceRefusal) -> RequestTrace {
        try RequestTrace(filter, tracing, mounted.session.connection)
    }

    /// Removes the volume from the name space. The service continues for open files until they
    /// close.
    public func unmount() throws(MountError) {
        try mounted.unmount()
    }

    /// Ends the service now; programs that use the volume get errors.
    public func abort() {
        mounted.abort()
    }

    /// Sleeps until the volume is unmounted and no program has a file of it open; then everything
    /// is closed. Do not call it from a thread that serves the volume.
    ///
    /// - Parameter ended: called once no request comes any more, before the files are closed that
    ///   programs may still have open.
    public func waitUntilUnmounted(_ ended: () -> Void = {}) {
        mounted.waitUntilUnmounted()
        ended()
        tracing.end()
        forwarder?.stop()
        fileSystem.unwatched.take()?.stop()
        fileSystem.notices.stop()
        fileSystem.closeAll()
    }
}
