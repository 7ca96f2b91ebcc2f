internal import Glibc
internal import SystemPackage

/// The request that the calling thread of a session carries, for a service that waits. Threads that
/// belong to no session are left alone.
public enum WorkerThread {
    /// The thread's ``Serving``, as long as it serves; nil: the process has no place left.
    private static let place: pthread_key_t? = {
        var key = pthread_key_t()
        return unsafe pthread_key_create(&key, nil) == 0 ? key : nil
    }()

    /// The request is about to wait for something other than a file: the thread does not count
    /// against the session's limit any more, and an interrupt of the program calls `cancel`, from
    /// any thread and maybe at once, before or after the wait's end. If that returns true the
    /// program is answered EINTR, and the request's own answer will go nowhere.
    public static func beginWait(_ cancel: @escaping @Sendable () -> Bool) {
        current?.beginWait(cancel)
    }

    /// Behind each ``beginWait(_:)``, on the same thread.
    public static func endWait() {
        current?.post.endWait()
    }

    /// What follows the request that the calling thread carries; nil where nobody follows it. It
    /// may still be there when the request is answered.
    public internal(set) static var followed: (any FollowedRequest)? {
        get { serving?.followed }
        set { serving?.followed = newValue }
    }

    private final class Serving {
        let thread: any RequestThread
        var followed: (any FollowedRequest)?

        init(_ thread: any RequestThread) { self.thread = thread }
    }

    package static func serve(_ thread: any RequestThread, _ body: () -> Void) {
        guard let place else { return body() }
        let serving = Serving(thread)
        _ = unsafe pthread_setspecific(place, Unmanaged.passUnretained(serving).toOpaque())
        withExtendedLifetime(serving) { body() }
        _ = pthread_setspecific(place, nil)
    }

    private static var current: (any RequestThread)? { serving?.thread }

    private static var serving: Serving? {
        guard let place, let known = unsafe pthread_getspecific(place) else { return nil }
        return unsafe Unmanaged<Serving>.fromOpaque(known).takeUnretainedValue()
    }
}
