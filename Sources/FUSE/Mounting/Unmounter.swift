internal import CKernelABI
internal import Locks
public import SystemPackage

/// A process that keeps the right to unmount for a service that gives it up.
///
/// fusermount3 gains rights when it is run, which no_new_privs forbids. So a user's service starts
/// this process before it sets no_new_privs. All that the process can be asked for is to unmount
/// the place that it was started with. It ends when the service, and whatever took over from it,
/// is gone.
///
/// Any thread. Lock order: `turn` is held while fusermount3 runs; nothing else is taken under it.
public final class Unmounter: Sendable {
    /// Of this process; set before its threads start.
    private static let own = Monitor<Unmounter?>(nil)

    /// For a process that takes over the mount; it must stay open.
    public let channel: Int32
    private let mountPoint: FilePath
    private let turn = Monitor(())

    private init(_ channel: Int32, _ mountPoint: FilePath) {
        self.channel = channel
        self.mountPoint = mountPoint
    }

    /// Starts the process, which unmounts for this one from then on. Call before this process has
    /// threads.
    ///
    /// - Parameter mountPoint: absolute and without links.
    /// - Throws: ``MountError/Kind/helperMissing``, or the error of fork(2).
    public static func start(for mountPoint: FilePath) throws(MountError) {
        let program = try MountHelper.required(for: mountPoint)
        let channel = unsafe program.withPlatformString { program in
            unsafe mountPoint.withPlatformString { unsafe bpio_unmounter_start(program, $0) }
        }
        guard channel >= 0 else {
            throw MountError(
                .other, mountPoint, Errno(rawValue: -channel),
                "the process that would unmount it cannot start", "See fork(2).")
        }
        adopt(channel, for: mountPoint)
    }

    /// Goes on with the process that another process of the same mount started.
    ///
    /// - Parameters:
    ///   - channel: ``channel`` of that process, inherited.
    ///   - mountPoint: absolute and without links.
    public static func adopt(_ channel: Int32, for mountPoint: FilePath) {
        own.withLock { $0 = Unmounter(channel, mountPoint) }
    }

    /// The process that unmounts for this one; nil where this one does it itself.
    public static var current: Unmounter? { own.withLock { $0 } }

    /// The same, if it is for this place.
    static func current(for mountPoint: FilePath) -> Unmounter? {
        current.flatMap { $0.mountPoint == mountPoint ? $0 : nil }
    }

    func unmount(lazily: Bool) throws(MountCalls.HelperFailure) {
        try turn.withLock { (_) throws(MountCalls.HelperFailure) in
            try MountCalls.unmount(by: channel, lazily: lazily)
        }
    }
}
