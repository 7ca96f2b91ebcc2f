internal import Glibc
internal import LinuxKit
internal import Locks
internal import Synchronization

/// Watches over bursts of requests, on a thread of its own that sleeps otherwise.
///
/// While one lasts,
/// - CPUs are kept from sleeping deeply (``CPULatencyRequest``);
/// - a thread that takes a request calls no other thread for the next request, because it will be
///   back before another is awake. Requests that take their time (``OperationTraits/takesItsTime``)
///   are the exception. If the thread is not back, the warden sends another within two ticks.
///
/// In a burst the warden looks every millisecond; it ends when requests come more rarely.
final class BurstWarden: Sendable {
    private static let tick: UInt32 = 1000  // microseconds
    /// Every so many ticks the pace is looked at.
    private static let ticksOfLook = 10
    /// Requests within as many ticks without which the burst is over: 2,000 a second.
    private static let fewest: UInt64 = 20

    let pace: RequestPace
    private let latency: CPULatencyRequest?
    private let state = Monitor(State())
    /// Sequentially consistent, as is the number of threads that wait for requests. A thread counts
    /// itself out and then looks here; the warden ends the burst and then looks whether a thread
    /// waits. So at least one of the two sees the other.
    private let isBurst = Atomic<Bool>(false)

    private struct State {
        var isBurst = false
        var isOver = false
        var bursts = 0
        /// nil until the first burst.
        var thread: OwnThread?
    }

    init(_ pace: RequestPace, latency: consuming CPULatencyRequest?) {
        self.pace = pace
        self.latency = latency
    }

    /// CPUs can be kept awake.
    var limitsLatency: Bool { latency != nil }

    /// Bursts so far, the one under way included.
    var bursts: Int { state.withLock { $0.bursts } }

    /// A burst is under way, and the warden awake.
    var isAwake: Bool { isBurst.load(ordering: .sequentiallyConsistent) }

    /// Begins to watch.
    ///
    /// - Parameters:
    ///   - isAttended: some thread waits for the next request.
    ///   - attend: has another thread wait for it.
    func begin(
        isAttended: @escaping @Sendable () -> Bool, attend: @escaping @Sendable () -> Void
    ) {
        pace.whenBurstBegins { [weak self] in
            guard let self else { return }
            if isBurst.load(ordering: .relaxed) { return }
            state.withLock { state in
                guard !state.isBurst, !state.isOver else { return }
                if state.thread == nil {
                    // Without a thread every request goes the usual way.
                    state.thread = try? OwnThread.start(named: "bypassio-burst") { [self] in
                        watch(isAttended, attend)
                    }
                }
                guard state.thread != nil else { return }
                state.isBurst = true
                state.bursts += 1
            }
        }
    }

    /// Ends the warden's thread and waits for that, unless the calling thread is the warden's.
    func end() {
        let thread = state.withLock { state in
            state.isOver = true
            defer { state.thread = nil }
            return state.thread
        }
        thread?.join()
    }

    private func watch(_ isAttended: () -> Bool, _ attend: () -> Void) {
        while state.wait(until: { $0.isBurst || $0.isOver }, then: { !$0.isOver }) {
            latency?.hold()
            isBurst.store(true, ordering: .sequentiallyConsistent)
            while lasts(isAttended, attend) {}
            state.withLock { $0.isBurst = false }
            isBurst.store(false, ordering: .sequentiallyConsistent)
            latency?.release()
            if !isAttended() { attend() }
        }
    }

    /// Some ticks; whether requests still come as fast.
    private func lasts(_ isAttended: () -> Bool, _ attend: () -> Void) -> Bool {
        let before = pace.requests
        var missed = 0
        for _ in 0..<Self.ticksOfLook {
            usleep(Self.tick)
            missed = isAttended() ? 0 : missed + 1
            if missed == 2 {
                attend()
                missed = 0
            }
        }
        return pace.requests &- before >= Self.fewest && !state.withLock { $0.isOver }
    }
}
