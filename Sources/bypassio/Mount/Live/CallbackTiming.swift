import Dispatch
import IOStack

/// Has a volume's callbacks timed as long as somebody looks.
///
/// Any thread. Lock order: `state` is a leaf.
final class CallbackTiming: Sendable {
    /// Who has not looked for so long looks no more; longer than Prometheus' scrapes are apart.
    private static let patience: DispatchTimeInterval = .seconds(150)

    private let volume: Volume
    /// Counts looks.
    private let state = Guarded<UInt64>(0)

    init(_ volume: Volume) { self.volume = volume }

    /// Somebody looks now.
    func look() {
        let number = state.withLock { count in
            count += 1
            return count
        }
        // Filters that came since are timed from now on.
        volume.timeCallbacks(true)
        DispatchQueue.global().asyncAfter(deadline: .now() + Self.patience) { [self] in
            if state.withLock({ $0 }) == number { volume.timeCallbacks(false) }
        }
    }
}
