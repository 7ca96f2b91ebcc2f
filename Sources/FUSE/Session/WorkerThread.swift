internal import Glibc
internal import LinuxKit
internal import Locks
internal import Synchronization
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

/// A thread of a session while it serves, for a service that waits on it.
package protocol RequestThread: AnyObject {
    var post: WorkerPost { get }

    /// Answers EINTR to the request that is carried now, from any thread and whenever it is called;
    /// the request's own answer goes nowhere then.
    var interruptedAnswer: @Sendable () -> Void { get }

    /// The request is about to wait.
    func willWait()
}

extension RequestThread {
    /// See ``WorkerThread/beginWait(_:)``.
    func beginWait(_ cancel: @escaping @Sendable () -> Bool) {
        let answer = interruptedAnswer
        willWait()
        post.beginWait {
            if cancel() { answer() }
        }
    }
}

/// How many threads may wait, by user and by file.
///
/// `threads` serve. A thread that waits is replaced, until there are `limit`. Of the threads beyond
/// `threads` no user may have more than a quarter, and no file more than an eighth, so that others
/// find some left. The last threads are for users without a waiting request, and for controls and
/// reports; the very last looks after requests and carries none.
struct WorkerShares: Sendable {
    let threads: Int
    let limit: Int

    /// 1 to 1024 each; the limit is at least `threads`.
    init(threads: Int, limit: Int) {
        self.threads = min(max(threads, 1), 1024)
        self.limit = min(max(limit, self.threads), 1024)
    }

    /// Beyond ``threads``.
    private var further: Int { limit - threads }
    var perUser: Int { threads + further / 4 }
    var perFile: Int { threads + further / 8 }
    /// Threads at the end that are not for every request.
    private var reserved: Int { min(16, further / 4) }

    /// Threads there may be while `waiting` of them wait.
    func allowed(waiting: Int) -> Int { min(threads + waiting, limit) }

    /// Whether a request may take a thread beside those that wait; otherwise it is put aside.
    func admits(_ claim: WorkerClaim, beside waiting: [WorkerClaim]) -> Bool {
        guard further > 0, waiting.count >= min(threads, limit - reserved) else { return true }
        if waiting.count >= limit - 1 { return false }
        let ofUser = waiting.count { $0.user == claim.user }
        let ofFile = waiting.count { $0.place == claim.place }
        // A control may end the wait of the others.
        if !claim.isControl, ofFile >= perFile { return false }
        // Root could do worse.
        if claim.user != 0, ofUser >= perUser { return false }
        guard waiting.count >= limit - reserved else { return true }
        return ofUser == 0 || (claim.isControl && ofFile == 0)
    }
}

/// Looks at the threads of a session every 50 ms, on a thread of its own, while there is something
/// to see: no thread waits for the next request, or one has reads under way. Otherwise it looks
/// every ten seconds, for requests that wait while other threads take the next ones.
final class WorkerWatch: Sendable {
    /// Microseconds.
    private static let interval: UInt32 = 50_000
    /// Between looks while there is nothing to see.
    private static let rest = Duration.seconds(10)
    /// Looks without anything to see before it sleeps.
    private static let patience = 20

    private let state = Monitor(State())
    /// Sequentially consistent, as is the number of threads that wait for requests. The last thread
    /// that counts itself out there looks here afterwards, and the watch lays it down before its
    /// last look. So at least one of the two sees the other.
    private let isAwake = Atomic<Bool>(false)

    private struct State {
        var isCalled = false
        var isOver = false
        /// nil until the first call.
        var thread: OwnThread?
    }

    /// Has `look` called from now on, as long as it says that there is something to see.
    func wake(_ look: @escaping @Sendable () -> Bool) {
        if isAwake.load(ordering: .sequentiallyConsistent) { return }
        state.withLock { state in
            guard !state.isOver else { return }
            state.isCalled = true
            if state.thread == nil {
                // Without this thread no waiting thread is replaced.
                state.thread = try? OwnThread.start(named: "bypassio-watch") { [self] in
                    watch(look)
                }
            }
        }
    }

    /// Ends the thread and waits for that.
    func end() {
        let thread = state.withLock { state in
            state.isOver = true
            defer { state.thread = nil }
            return state.thread
        }
        thread?.join()
    }

    private func watch(_ look: () -> Bool) {
        while true {
            let (isCalled, isOver) = state.wait(
                until: { $0.isCalled || $0.isOver }, atMost: Self.rest,
                then: { state in
                    defer { state.isCalled = false }
                    return (state.isCalled, state.isOver)
                })
            if isOver { return }
            guard isCalled || look() else { continue }
            isAwake.store(true, ordering: .sequentiallyConsistent)
            var quiet = 0
            while quiet < Self.patience, !state.withLock({ $0.isOver }) {
                usleep(Self.interval)
                quiet = look() ? 0 : quiet + 1
            }
            isAwake.store(false, ordering: .sequentiallyConsistent)
            if look() { state.withLock { $0.isCalled = true } }
        }
    }
}
