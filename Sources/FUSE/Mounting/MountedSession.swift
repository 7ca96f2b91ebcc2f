internal import Glibc
public import SystemPackage

/// A mounted file system and the session that serves it.
public final class MountedSession: Sendable {
    public let mountPoint: FilePath
    public let session: Session
    private let isRoot: Bool

    init(_ session: Session, at mountPoint: FilePath, isRoot: Bool) {
        self.session = session
        self.mountPoint = mountPoint
        self.isRoot = isRoot
    }

    /// Takes the file system out of the name space. Files that are open are served until they are
    /// closed; then the session ends.
    public func unmount() throws(MountError) {
        try Unmounting.unmount(mountPoint, force: false, lazy: true)
    }

    /// Ends the connection now: whoever waits for an answer gets an error. Open files fail with
    /// `ENOTCONN` from then on. Requests that are being carried are finished first.
    public func abort() {
        if isRoot { try? MountCalls.unmount(mountPoint, flags: Unmounting.forced) }
        session.stop()
    }

    /// Sleeps until the session has ended.
    public func waitUntilUnmounted() {
        session.waitUntilEnded()
    }
}
