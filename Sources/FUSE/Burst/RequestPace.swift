internal import LinuxKit
internal import Synchronization

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
