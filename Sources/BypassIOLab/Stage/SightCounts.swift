import IOStack

/// How often a part of the stack saw each event. Usable from any thread; its lock is a leaf.
final class SightCounts: Sendable {
    private let counts = Guarded<[Sight: Int]>([:])

    func note(_ sight: Sight) { counts.withLock { $0[sight, default: 0] += 1 } }
    func count(of sight: Sight) -> Int { counts.withLock { $0[sight] ?? 0 } }
    func clear() { counts.withLock { $0 = [:] } }
}
