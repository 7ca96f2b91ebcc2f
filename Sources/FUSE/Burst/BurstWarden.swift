internal import Glibc
internal import LinuxKit
internal import Locks
internal import Synchronization
internal import SystemPackage

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

/// How fast requests come: counts them, and says when a burst begins, in which one comes after the
/// other without a pause to speak of.
///
/// Any thread counts. One more in an atomic number is all that a request costs; the clock is read
/// once in ``stretch`` requests.
final class RequestPace: Sendable {
    /// Requests between two looks at the clock.
    private static let stretch: UInt64 = 64
    /// A stretch in a burst takes at most so many nanoseconds: 4,000 requests a second.
    private static let longestStretch: UInt64 = 64 * 250_000

    /// Relaxed, like the next: they order nothing, and a stretch judged wrong is put right by the
    /// next.
    private let count = Atomic<UInt64>(0)
    private let stretchBegan = Atomic<UInt64>(0)
    /// Set before the first request comes.
    private let listener = AtomicLazyReference<Listener>()

    private final class Listener: Sendable {
        let burstBegins: @Sendable () -> Void
        init(_ burstBegins: @escaping @Sendable () -> Void) { self.burstBegins = burstBegins }
    }

    /// The listener is looked up once before a request comes. The first look allocates, and later
    /// looks do not.
    init() { _ = listener.load() }

    /// Has `body` called by the thread that counts the request which shows a burst, and again with
    /// each stretch as long as the burst lasts. There is one listener, set once.
    func whenBurstBegins(_ body: @escaping @Sendable () -> Void) {
        _ = listener.storeIfNil(Listener(body))
    }

    /// Requests so far.
    var requests: UInt64 { count.load(ordering: .relaxed) }

    @inline(__always)
    func note() {
        let count = count.wrappingAdd(1, ordering: .relaxed).newValue
        if count % Self.stretch == 0 { endStretch() }
    }

    private func endStretch() {
        let now = KernelClock.monotonic
        let began = stretchBegan.exchange(now, ordering: .relaxed)
        guard now &- began < Self.longestStretch else { return }
        listener.load()?.burstBegins()
    }
}

/// A request to the kernel that idle CPUs wake up quickly (PM QoS,
/// Documentation/power/pm_qos_interface.rst): /dev/cpu_dma_latency, root's.
///
/// A request of a mount and its answer wake up a thread each. A CPU that was sent to sleep takes
/// tens of microseconds for that, in a virtual machine above all, and far less if it was not. The
/// kernel forgets the request with the descriptor, so with the process.
struct CPULatencyRequest: ~Copyable, Sendable {
    private let file: OwnedDescriptor
    private let limit: Int32

    /// PM_QOS_CPU_LATENCY_DEFAULT_VALUE: nothing is asked. Microseconds.
    private static let anything: Int32 = 2_000_000_000
    /// How long a CPU may take to wake up, in microseconds. The limit keeps CPUs out of the deep
    /// states.
    private static let quick: Int32 = 10

    /// nil where this process may not make it, and where the kernel does not choose how deep a CPU
    /// sleeps.
    init?(
        device: FilePath = "/dev/cpu_dma_latency",
        driver: FilePath = "/sys/devices/system/cpu/cpuidle/current_driver"
    ) {
        guard let name = KernelFile.text(driver.string),
            let driver = name.split(separator: "\n").first, driver != "none",
            let file = try? FileDescriptor.open(device, .writeOnly, options: .closeOnExec)
        else { return nil }
        self.file = OwnedDescriptor(owning: file)
        // That one calls a halt, whatever the hypervisor makes of it, one microsecond.
        limit = driver == "haltpoll" ? 0 : Self.quick
        release()
    }

    func hold() { write(limit) }
    func release() { write(Self.anything) }

    private func write(_ value: Int32) {
        let bytes = (0..<4).map { UInt8(truncatingIfNeeded: value >> Int32(8 * $0)) }
        _ = try? file.descriptor.writeAll(bytes)
    }
}
