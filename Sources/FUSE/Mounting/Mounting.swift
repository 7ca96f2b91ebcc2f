internal import Glibc
public import SystemPackage

/// Makes a file system appear in the name space.
public enum Mounting {
    /// Mounts at an empty directory and serves; returns when the kernel can be asked.
    ///
    /// Root mounts with mount(2), everybody else through fusermount3. From here on this process
    /// must not use the mounted files itself: it would wait for itself.
    ///
    /// - Parameter maximumThreads: that serve at the same time, 1 to 256.
    public static func mount(
        _ connection: Connection, at path: FilePath, options: MountOptions,
        maximumThreads: Int = 16
    ) throws(MountError) -> MountedSession {
        let mountPoint = try MountPoint.checked(path)
        let isRoot = geteuid() == 0
        let session =
            isRoot
            ? try mountAsRoot(connection, mountPoint, options, maximumThreads)
            : try mountByHelper(connection, mountPoint, options, maximumThreads)
        let mounted = MountedSession(session, at: mountPoint, isRoot: isRoot)
        if isRoot, let amount = options.readAhead { ReadAhead.set(amount, at: mountPoint) }
        return mounted
    }

    private static func mountAsRoot(
        _ connection: Connection, _ mountPoint: FilePath, _ options: MountOptions,
        _ maximumThreads: Int
    ) throws(MountError) -> Session {
        let channel: DeviceChannel
        do throws(Errno) {
            channel = DeviceChannel(try FUSEDevice.open())
        } catch {
            throw .device(error, mountPoint)
        }
        // Since 6.18 mount(2) itself waits for the answer to INIT and fails if that fails; the
        // thread that answers must be there first.
        let isSynchronous = (try? channel.requestSynchronousInit()) != nil
        let session = Session(connection, channel, maximumThreads: maximumThreads)
        if isSynchronous { try start(session, mountPoint) }
        do throws(Errno) {
            try MountCalls.mount(
                source: options.source, at: mountPoint, type: "fuse.\(options.subtype)",
                flags: options.kernelFlags,
                options: options.kernelOptions(device: channel.descriptor))
        } catch {
            if isSynchronous { session.stop() }
            throw refusal(error, mountPoint)
        }
        if !isSynchronous { try start(session, mountPoint) }
        try waitForAgreement(connection, session, mountPoint) {
            try? MountCalls.unmount(mountPoint, flags: 0)
        }
        return session
    }

    private static func mountByHelper(
        _ connection: Connection, _ mountPoint: FilePath, _ options: MountOptions,
        _ maximumThreads: Int
    ) throws(MountError) -> Session {
        let program = try MountHelper.required(for: mountPoint)
        let channel: DeviceChannel
        do throws(MountCalls.HelperFailure) {
            channel = DeviceChannel(
                try MountCalls.mountByHelper(
                    program, options: options.helperOptions, at: mountPoint))
        } catch {
            throw MountHelper.refusal(error, mountPoint)
        }
        let session = Session(connection, channel, maximumThreads: maximumThreads)
        try start(session, mountPoint)
        try waitForAgreement(connection, session, mountPoint) {
            try? MountCalls.unmountByHelper(program, mountPoint, lazily: true)
        }
        return session
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
        _ connection: Connection, _ session: Session, _ mountPoint: FilePath,
        giveUp: () -> Void
    ) throws(MountError) {
        for _ in 0..<10_000 {
            if connection.isNegotiated { return }
            if session.threadCount == 0 { break }
            usleep(1000)
        }
        giveUp()
        session.stop()
        throw MountError(
            .handshakeFailed, mountPoint, nil, "the kernel and this program could not agree",
            "Linux 5.17 or newer is needed; the kernel's log may say more.")
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
