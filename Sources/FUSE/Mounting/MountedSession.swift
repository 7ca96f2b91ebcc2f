internal import LinuxKit
public import SystemPackage

/// A mounted file system and the session that serves it. Any thread may call the functions here but
/// those of the session itself.
public final class MountedSession: Sendable {
    /// Absolute and without links.
    public let mountPoint: FilePath
    public let session: Session
    /// MAJOR:MINOR, by which our mount is told from others at the same place; nil where the mount
    /// table could not be read.
    private let device: DeviceNumber?

    init(_ session: Session, at mountPoint: FilePath, device: DeviceNumber?) {
        self.session = session
        self.mountPoint = mountPoint
        self.device = device
    }

    /// Takes the file system out of the name space. Files that are open are served until they are
    /// closed; then the session ends.
    ///
    /// - Throws: ``MountError/Kind/notMounted`` when it was unmounted already, even if another file
    ///   system is mounted there since.
    public func unmount() throws(MountError) {
        guard isOurs else { throw .unmounting(.invalidArgument, mountPoint) }
        try Unmounting.unmount(mountPoint, force: false, lazy: true)
    }

    /// Ends the connection now and takes the file system out of the name space: programs that wait
    /// for an answer get `ECONNABORTED`, and open files fail with `ENOTCONN` from then on.
    ///
    /// Needs no privilege: the connection ends because every descriptor of /dev/fuse is given back
    /// to the kernel. (Closing them would not do, as a thread that sleeps in read(2) keeps one;
    /// such threads are woken up.) Requests that are being carried are finished, those that wait
    /// are given up; their answers go nowhere, and ``waitUntilUnmounted()`` waits for them.
    public func abort() {
        let isOurs = isOurs
        session.abort()
        // Behind the end of the connection, which must not wait for the helper.
        if isOurs { _ = try? Unmounting.unmount(mountPoint, force: false, lazy: true) }
    }

    /// Sleeps until the session has ended: the file system is unmounted and nothing on it is open,
    /// or the connection was aborted.
    public func waitUntilUnmounted() {
        session.waitUntilEnded()
    }

    /// Programs see this file system at the mount point.
    private var isOurs: Bool {
        guard let device else { return true }
        return MountTable.current.top(at: mountPoint)?.device == device
    }
}
