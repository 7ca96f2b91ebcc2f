import Synchronization

/// When something that decides about the ways of reads last began and ended, by ``LayerClock``.
///
/// Whoever begins and ends it holds the lock of what it is about. Any thread looks. Relaxed: the
/// numbers are for people. The atomics are the standard library's in the build of the search, too,
/// where nothing has a time.
struct SpellTimes: ~Copyable, Sendable {
    private let beginning = Synchronization.Atomic<UInt64>(0)
    private let end = Synchronization.Atomic<UInt64>(0)

    func begin() { note(in: beginning) }

    func finish() { note(in: end) }

    private func note(in place: borrowing Synchronization.Atomic<UInt64>) {
        if !Interleaving.isSearched { place.store(LayerClock.now, ordering: .relaxed) }
    }

    /// 0: never.
    var began: UInt64 { beginning.load(ordering: .relaxed) }
    var ended: UInt64 { end.load(ordering: .relaxed) }

    /// It began and has not ended.
    var lasts: Bool { began > ended }
}
