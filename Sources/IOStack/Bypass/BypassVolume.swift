import Synchronization

/// A volume, as bypass knows it: the gate that every bypassed read passes, ActiveBypassIoCount, and
/// what keeps reads from skipping the filters or the volume drivers.
///
/// It knows handles and streams and asks the rest of the house by ``VolumeSurroundings``; what
/// passed the filters comes here, and what a filter or file system has to say was said before.
///
/// Lock order, outermost first: `storageTransition` → `state` → a stream's `control` → drain
/// events. A drain never sleeps under any of them.
struct BypassVolume: ~Copyable, Sendable {
    let gate = VolumeGate()

    struct State {
        /// Open handles with bypass enabled, paused ones included (spec 6.7).
        var activeBypassCount = 0
        /// The file objects counted.
        var bypassed: [ObjectIdentifier: WeakHolder] = [:]
        /// Counts VOLUME_STACK_PAUSEs, so that a resume does not undo a later pause.
        var storagePauseEpoch: UInt64 = 0
        /// VOLUME_STACK_PAUSEs that drain.
        var storagePausesUnderWay = 0
        /// One in force was answered with success.
        var isStoragePauseSettled = false
        /// Attached filters that did not opt in.
        var blockingFilters = 0
        /// Counts filters that are gone, so that a resume sees whether who refused it still stands.
        var detaches: UInt64 = 0
        /// Counts what makes every ENABLE under way ask again: see ``EnableTicket``.
        var withdrawals: UInt64 = 0
    }
    let state = Guarded(State())

    /// Whether the storage stack was told ENABLE; serialises the 0→1 and 1→0 transitions of the
    /// bypass count with what they send (spec 4.5). Held while volume and storage drivers answer,
    /// never while a drain sleeps.
    let storageTransition = Guarded(false)

    /// Relaxed: it stands alone.
    private let drainMilliseconds = Atomic<Int64>(30_000)

    /// Open handles with bypass enabled, paused ones included: ActiveBypassIoCount.
    var activeBypassCount: Int { state.look { $0.activeBypassCount } }

    /// The file objects with bypass, in no order.
    var holders: [any BypassHolder] {
        state.withLock { $0.bypassed.values.compactMap(\.holder) }
    }

    // MARK: Filters that come and go

    /// A filter that did not opt in is being attached: no read begins to skip filters (spec 4.3).
    func blockFilters() {
        state.withLock { state in
            state.blockingFilters += 1
            gate.close(.filtersBlocked)
        }
    }

    /// One is gone.
    func unblockFilters() {
        state.withLock { state in
            state.blockingFilters -= 1
            assert(state.blockingFilters >= 0)
            if state.blockingFilters == 0 { gate.open(.filtersBlocked) }
        }
    }

    /// Waits for the reads that were past the filters when ``blockFilters()`` came: then the filter
    /// sees every read.
    func drainBlocked(until bound: DrainLimit, _ house: some VolumeSurroundings) -> DrainEnd {
        if Mutant.noAttachDrain.isPlanted { return .drained }
        let end = gate.drain(
            .filterBypass, .filtersBlocked, until: bound, advance: { house.advanceOwnReads() })
        guard end == .drained else { return end }
        return gate.drain(
            .storageBypass, .filtersBlocked, until: bound, advance: { house.advanceOwnReads() })
    }

    /// A filter is gone, and with it what it had against bypass: a resume that it refused asks
    /// again.
    func noteDetach() { state.change { $0.detaches += 1 } }

    /// Has every ENABLE under way ask again (``EnableTicket``), once a new filter can be met.
    func haveEnablesAskAgain() { state.change { $0.withdrawals += 1 } }

    /// The same, for a filter that withdraws bypass; returns the file objects that have it: all
    /// that it does not ask again for.
    func withdrawFromEnables() -> [any BypassHolder] {
        state.withLock { state in
            state.withdrawals += 1
            return state.bypassed.values.compactMap(\.holder)
        }
    }

    // MARK: How long drains wait

    /// How long the drains of one request wait for reads that are past what it stops.
    var drainLimit: Duration {
        get { .milliseconds(drainMilliseconds.load(ordering: .relaxed)) }
        nonmutating set {
            let (seconds, attoseconds) = newValue.components
            drainMilliseconds.store(
                seconds * 1000 + attoseconds / 1_000_000_000_000_000, ordering: .relaxed)
        }
    }

    /// For the drains of one request, made by the first of them that has to wait. None in the
    /// search of every order, where nothing takes time.
    func newBound(_ made: inout DrainBound?) -> DrainBound? {
        if Interleaving.isSearched { return nil }
        if made == nil { made = DrainBound(drainLimit) }
        return made
    }
}
