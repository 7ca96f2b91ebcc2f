internal import CKernelABI
internal import Glibc
internal import LinuxKit
public import SystemPackage

/// Makes a file system appear in the name space.
public enum Mounting {
    /// Mounts at an empty directory and serves; returns when the kernel can be asked.
    ///
    /// Root mounts with mount(2), other users through fusermount3. From here on this process must
    /// not use the mounted files itself: it would wait for itself, and if it is killed meanwhile it
    /// may never end.
    ///
    /// Permissions are checked by the kernel (`default_permissions`). The signal `SIGRTMAX-2` is
    /// taken for waking up threads.
    ///
    /// - Parameters:
    ///   - connection: with the service.
    ///   - path: an empty directory.
    ///   - options: of the mount.
    ///   - maximumThreads: that serve at the same time, 1 to 256. A thread whose request waits is
    ///     replaced.
    ///   - threadLimit: with those that wait, 1 to 1024; as many as `maximumThreads` at least.
    ///   - transport: how requests come; fails where the kernel does not offer it.
    /// - Throws: ``MountError``, whose kind tells what to do.
    public static func mount(
        _ connection: Connection, at path: FilePath, options: MountOptions = MountOptions(),
        maximumThreads: Int = 16, threadLimit: Int = 256, transport: Transport = .automatic
    ) throws(MountError) -> MountedSession {
        let mountPoint = try MountPoint.checked(path)
        if let obstacle = transport.further?.obstacle() {
            throw MountError(
                .transportNotOffered, mountPoint, nil, obstacle.reason, obstacle.remedy)
        }
        let service = Service(
            connection: connection,
            shares: WorkerShares(threads: maximumThreads, limit: threadLimit), transport: transport,
            keepsCPUsAwake: options.keepsCPUsAwake)
        let isRoot = geteuid() == 0
        let session =
            isRoot
            ? try mountAsRoot(service, mountPoint, options)
            : try mountByHelper(service, mountPoint, options)
        // The table tells the device as stat(2) would, but stat(2) would ask this very process.
        let device = MountTable.current.top(at: mountPoint)?.device
        if isRoot, let device, let amount = options.readAhead {
            ReadAhead.set(amount, ofDevice: device)
        }
        return MountedSession(session, at: mountPoint, device: device)
    }

    /// The parts of a session, before there is a channel.
    private struct Service {
        let connection: Connection
        let shares: WorkerShares
        let transport: Transport
        let keepsCPUsAwake: Bool

        func session(_ channel: DeviceChannel) -> Session {
            Session(
                connection, channel, shares, transport: transport,
                latency: keepsCPUsAwake ? CPULatencyRequest() : nil)
        }
    }

    private static func mountAsRoot(
        _ service: Service, _ mountPoint: FilePath, _ options: MountOptions
    ) throws(MountError) -> Session {
        let connection = service.connection
        let channel: DeviceChannel
        do throws(Errno) {
            channel = try DeviceChannel(try FUSEDevice.open(), connection.ledger)
        } catch {
            throw .device(error, mountPoint)
        }
        let session = service.session(channel)
        // Since 6.18 mount(2) itself waits for the answer to INIT and fails if that fails; the
        // thread that answers must be there first.
        let isSynchronous = (try? channel.requestSynchronousInit()) != nil
        if isSynchronous { try start(session, mountPoint) }
        do throws(Errno) {
            try MountCalls.mount(
                source: options.source, at: mountPoint, type: "fuse.\(options.subtype)",
                flags: options.kernelFlags,
                options: options.kernelOptions(device: channel.descriptor))
        } catch {
            session.abort()
            throw error == .socketNotConnected || connection.isRefused
                ? disagreement(connection, error, mountPoint) : refusal(error, mountPoint)
        }
        do throws(MountError) {
            if !isSynchronous { try start(session, mountPoint) }
            try waitForAgreement(session, mountPoint)
            session.open()
        } catch {
            session.abort()
            try? MountCalls.unmount(mountPoint, flags: BPIO_MNT_DETACH)
            throw error
        }
        return session
    }

    private static func mountByHelper(
        _ service: Service, _ mountPoint: FilePath, _ options: MountOptions
    ) throws(MountError) -> Session {
        let program = try MountHelper.required(for: mountPoint)
        let device: FUSEDevice
        do throws(MountCalls.HelperFailure) {
            device = try MountCalls.mountByHelper(
                program, options: options.helperOptions, at: mountPoint)
        } catch {
            throw MountHelper.refusal(error, mountPoint)
        }
        do throws(MountError) {
            let session = try session(service, device, mountPoint)
            do throws(MountError) {
                try start(session, mountPoint)
                try waitForAgreement(session, mountPoint)
                session.open()
            } catch {
                session.abort()
                throw error
            }
            return session
        } catch {
            try? MountCalls.unmountByHelper(program, mountPoint, lazily: true)
            throw error
        }
    }

    private static func session(
        _ service: Service, _ device: consuming FUSEDevice, _ mountPoint: FilePath
    ) throws(MountError) -> Session {
        do throws(Errno) {
            return service.session(try DeviceChannel(device, service.connection.ledger))
        } catch {
            throw .device(error, mountPoint)
        }
    }

    private static func start(_ session: Session, _ mountPoint: FilePath) throws(MountError) {
        do throws(Errno) {
            try session.start()
        } catch {
            throw MountError(
                .other, mountPoint, error, "no thread could be started to serve it",
                "Raise the limits of memory and threads (ulimit -u, ulimit -v).")
        }
    }

    /// Waits until INIT was answered, 10 seconds at most.
    private static func waitForAgreement(
        _ session: Session, _ mountPoint: FilePath
    ) throws(MountError) {
        let connection = session.connection
        for _ in 0..<10_000 {
            if connection.isNegotiated { return }
            if connection.isRefused || session.threadCount == 0 { break }
            usleep(1000)
        }
        throw disagreement(connection, nil, mountPoint)
    }

    private static func disagreement(
        _ connection: Connection, _ errno: Errno?, _ mountPoint: FilePath
    ) -> MountError {
        connection.isRefused
            ? MountError(
                .kernelTooOld, mountPoint, errno, "the kernel's FUSE is too old",
                "Linux 5.17 or newer is needed (protocol 7.36).")
            : MountError(
                .handshakeFailed, mountPoint, errno, "the kernel and this program could not agree",
                "The kernel's log may say why.")
    }

    private static func refusal(_ errno: Errno, _ mountPoint: FilePath) -> MountError {
        switch errno {
        case .notPermitted, .permissionDenied:
            MountError(
                .notPermitted, mountPoint, errno, "the kernel does not let this process mount",
                "CAP_SYS_ADMIN is needed; in a container pass --cap-add SYS_ADMIN.")
        case Errno(rawValue: ENODEV), .noSuchAddressOrDevice:
            MountError(
                .noDevice, mountPoint, errno, "the kernel does not know the type fuse",
                "Load the module with modprobe fuse.")
        case .resourceBusy:
            MountError(
                .mountPointBusy, mountPoint, errno, "the mount point is in use",
                "Name another directory.")
        default:
            MountError(
                .other, mountPoint, errno, "the kernel refused to mount",
                "See mount(2) and the kernel's log.")
        }
    }
}
