public import BypassIOProtocol
public import FUSE
public import IOStack
package import LinuxKit
public import SystemPackage

/// A volume that every program on the machine can use.
///
/// The process that serves it must not use the mounted files itself: it would wait for itself. Any
/// thread may call the functions here.
public final class MountedVolume: Sendable {
    public let volume: IOStack.Volume
    let fileSystem: VolumeFileSystem
    let mounted: MountedSession
    private let forwarder: ChangeForwarder?
    private let tracing: RequestTracing

    init(
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
        observeWaits()
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
                Connection(
                    fileSystem, observer: options.observer, tracer: tracing,
                    recovery: options.recovery),
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

    /// A request that waits in the stack reports that to the thread that carries it.
    static func observeWaits() {
        RequestWait.observe(
            RequestWait.Observer(
                begins: { WorkerThread.beginWait($0) }, ends: { WorkerThread.endWait() }))
    }

    public var mountPoint: FilePath { mounted.mountPoint }
    /// `st_dev` of the files on it; nil where the mount table could not be read.
    package var device: DeviceNumber? { mounted.device }
    /// False once it was unmounted lazily, also where another is mounted at its place.
    package var isInPlace: Bool { mounted.isInPlace }

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

    /// Has programs find the control interface at that path, by an extended attribute of the mount;
    /// nil: there is none.
    public func tellControl(at path: FilePath?) {
        fileSystem.controlPlace.withLock { $0 = path.map { Array($0.string.utf8) } }
    }

    /// What the counters say now. Whoever wants to know how long callbacks take has them timed
    /// first (``time(_:)``).
    public func sample() -> ActivitySample { ActivitySample(fileSystem) }

    /// Has filters' callbacks and requests timed from now on, and handles remembered that close, or
    /// no more.
    public func time(_ isOn: Bool) {
        fileSystem.volume.timeCallbacks(isOn)
        fileSystem.times.time(isOn)
        fileSystem.closedReaders.remember(isOn)
    }

    /// How long opens, reads and writes took by route, while they were timed; without samples
    /// nothing.
    public var requestTimes: [RequestTimesReport] {
        let gated = RequestTimesReport("read", .gated, fileSystem.volume.gatedReadTimes)
        return fileSystem.times.report + [gated].filter { $0.times.count > 0 }
    }

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

/// How a volume is mounted.
public struct VolumeMountOptions: Sendable {
    public var mount = MountOptions()
    /// How long the kernel may use a name or a file's attributes without asking. Changes through
    /// the mount show at once; only changes behind it may show this late.
    public var entryTimeout = Duration.seconds(1)
    public var attributesTimeout = Duration.seconds(1)
    /// The same for a name that does not exist.
    public var negativeTimeout = Duration.zero
    /// Where the file system reports changes behind the mount, the kernel may trust a name this
    /// long, and a file's attributes for as long as the file has been unchanged, at most this long.
    /// In whole seconds. Zero: only the limits above apply.
    public var longestTrust = Duration.seconds(60)
    /// Requests that the service carries at the same time, 1 to 256; requests that wait do not
    /// count.
    public var maximumThreads = 16
    /// Requests that the service carries or that wait at the same time, 1 to 1024; at least
    /// ``maximumThreads``.
    public var threadLimit = 256
    /// How long a pause or a DISABLE waits for reads in flight, see `IOStack.Volume.drainLimit`.
    public var drainLimit = Duration.seconds(30)
    /// How requests come from the kernel.
    public var transport = Transport.automatic
    /// The greatest number of directories that stay open; each takes a descriptor.
    public var maximumOpenDirectories = 1024
    /// Files that the kernel may know, in use or not, before the mount has it forget the oldest
    /// that are not in use (Linux 6.18). About 330 bytes each.
    public var maximumKnownFiles = 1 << 22
    /// For a program that opens a file for reading only, the kernel reads it, past the service,
    /// where every layer agrees (`IOStack.FileObject.grantKernelReads()`).
    public var grantsKernelReads = false
    /// The service reads files of fewer bytes: a kernel route takes longer to prepare than the
    /// single request that brings all their data.
    public var smallestKernelFile: UInt64 = 128 << 10
    /// The users that may pause and resume the bypass of a file's readers by the control code.
    public var pausers = StreamPausers.owner
    /// Opens never move access times.
    public var noAccessTime = false

    /// What another process needs if this one dies; nil: no other takes over.
    package var recovery: RecoveryTable?
    /// Of the process that died, whose mount is taken over.
    package var recalled: RecoveryTable?

    /// Gets events of the mount's session and its requests.
    public var observer: (any SessionObserver)?

    public init() {
        mount.source = "bypassio"
        mount.subtype = "bypassio"
    }
}

/// Why a volume could not be mounted.
public enum VolumeMountError: Error, Sendable, CustomStringConvertible {
    /// The mount itself.
    case mount(MountError)
    /// A filter or the file system refused to open the volume's root.
    case root(IOFailure)

    public var description: String {
        switch self {
        case .mount(let error): error.description
        case .root(let failure):
            "The volume's root cannot be opened: \(failure). A filter or the file system refused."
        }
    }
}

/// The users that may send STREAM_PAUSE and STREAM_RESUME from a program: a pause ends the bypass
/// of every reader of the file, and lasts until a resume.
public enum StreamPausers: String, Sendable {
    /// The file's owner and the volume's administrators, through a handle that may read.
    case owner
    /// Any user that has the file open, as the documentation of Windows has it.
    case anyone
}
