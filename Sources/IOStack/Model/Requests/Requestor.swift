import Synchronization

/// The party on whose behalf a request runs.
public struct Requestor: Sendable, Equatable {
    public enum Mode: Sendable, Equatable {
        /// A driver or the program that built the stack; Windows' `KernelMode`.
        case kernel
        case user
    }

    public let mode: Mode
    public let userID: UInt32
    public let groupID: UInt32
    public let processID: Int32
    /// May administer the volume: needed for VOLUME_STACK_PAUSE and VOLUME_STACK_RESUME.
    public let mayAdministerVolume: Bool

    public init(
        mode: Mode, userID: UInt32, groupID: UInt32, processID: Int32, mayAdministerVolume: Bool
    ) {
        self.mode = mode
        self.userID = userID
        self.groupID = groupID
        self.processID = processID
        self.mayAdministerVolume = mayAdministerVolume
    }

    /// The stack's own components.
    public static let kernel = Requestor(
        mode: .kernel, userID: 0, groupID: 0, processID: 0, mayAdministerVolume: true)

    /// A user's process. It administers the volume only if `administrator` is set.
    public static func user(
        _ userID: UInt32, group: UInt32 = 0, process: Int32 = 0, administrator: Bool = false
    ) -> Requestor {
        Requestor(
            mode: .user, userID: userID, groupID: group, processID: process,
            mayAdministerVolume: administrator)
    }
}

/// Tells a service that carries requests of programs when such a request waits. A program that is
/// interrupted or killed must not wait for a filter or a drain.
///
/// One observer for the process. It knows by the calling thread which request waits.
public enum RequestWait {
    /// Ends a wait. Callable from any thread, at any time, more than once. Returns true if the
    /// program may be told at once that its request is cancelled, whatever the request still waits
    /// for.
    public typealias Cancel = @Sendable () -> Bool

    public struct Observer: Sendable {
        /// The calling thread is about to wait.
        public var begins: @Sendable (_ cancel: @escaping Cancel) -> Void
        /// The calling thread waits no more.
        public var ends: @Sendable () -> Void

        public init(
            begins: @escaping @Sendable (_ cancel: @escaping Cancel) -> Void,
            ends: @escaping @Sendable () -> Void
        ) {
            self.begins = begins
            self.ends = ends
        }
    }

    private final class Box: Sendable {
        let observer: Observer
        init(_ observer: Observer) { self.observer = observer }
    }

    /// The release in storeIfNil and the acquire in load publish the whole observer.
    private static let known = AtomicLazyReference<Box>()

    /// The first observer stays; later calls have no effect.
    public static func observe(_ observer: Observer) {
        _ = known.storeIfNil(Box(observer))
    }

    static var observer: Observer? { known.load()?.observer }
}
