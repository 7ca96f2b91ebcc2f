import BypassIOProtocol
import Synchronization

/// The bypass state of a volume: the gate that every bypassed read passes, ActiveBypassIoCount, and
/// the reasons that keep reads from skipping the filters or the volume drivers.
///
/// It knows handles and streams, and reaches the rest of the stack by ``VolumeSurroundings``. A
/// control comes here after the filters let it through.
///
/// Lock order, outermost first: `storageTransition` → `state` → a stream's `control` → drain
/// events. A drain never sleeps while its thread holds any of them.
struct BypassVolume: ~Copyable, Sendable {
    let gate = VolumeGate()

    struct State {
        /// Open handles with bypass enabled, paused ones included (spec 6.7).
        var activeBypassCount = 0
        /// The file objects of these handles.
        var bypassed: [ObjectIdentifier: WeakHolder] = [:]
        /// Counts VOLUME_STACK_PAUSEs, so that a resume does not undo a later pause.
        var storagePauseEpoch: UInt64 = 0
        /// VOLUME_STACK_PAUSEs that are draining.
        var storagePausesUnderWay = 0
        /// A pause in force was answered with success.
        var isStoragePauseSettled = false
        /// Attached filters that did not opt in.
        var blockingFilters = 0
        /// Counts detached filters. By it a resume sees whether the filter that refused it may be
        /// gone.
        var detaches: UInt64 = 0
        /// Counts the events that make every ENABLE under way ask again: see ``EnableTicket``.
        var withdrawals: UInt64 = 0
    }
    let state = Guarded(State())

    /// When a filter that did not opt in was attached and detached last. Written under `state`.
    private let blocked = SpellTimes()

    /// That time, as it kept reads from skipping filters; nil if there was none.
    var hindrance: RouteHindrance? {
        let (began, ended) = (blocked.began, blocked.ended)
        guard began > 0 else { return nil }
        return RouteHindrance(
            began: began, ended: began > ended ? nil : ended, beginning: .filterAttached,
            end: .filterDetached)
    }

    /// Whether the storage stack got an ENABLE. The lock serialises the transitions of the bypass
    /// count (0→1, 1→0) with the requests that they send (spec 4.5). It is held while volume and
    /// storage drivers answer, never while a drain sleeps.
    let storageTransition = Guarded(false)

    /// Relaxed: no other data depends on it.
    private let drainMilliseconds = Atomic<Int64>(30_000)

    /// Open handles with bypass enabled, paused ones included: ActiveBypassIoCount.
    var activeBypassCount: Int { state.look { $0.activeBypassCount } }

    /// The file objects with bypass, in no order.
    var holders: [any BypassHolder] {
        state.withLock { $0.bypassed.values.compactMap(\.holder) }
    }

    // MARK: Filters that come and go

    /// A filter that did not opt in is being attached. From now on no read starts to skip filters
    /// (spec 4.3).
    func blockFilters() {
        state.withLock { state in
            state.blockingFilters += 1
            gate.close(.filtersBlocked)
            if state.blockingFilters == 1 { blocked.begin() }
        }
    }

    /// A filter that did not opt in is gone.
    func unblockFilters() {
        state.withLock { state in
            state.blockingFilters -= 1
            assert(state.blockingFilters >= 0)
            guard state.blockingFilters == 0 else { return }
            gate.open(.filtersBlocked)
            blocked.finish()
        }
    }

    /// Waits for the reads that were past the filters when ``blockFilters()`` was called. After
    /// that the filter sees every read.
    func drainBlocked(until bound: DrainLimit, _ house: some VolumeSurroundings) -> DrainEnd {
        if Mutant.noAttachDrain.isPlanted { return .drained }
        let end = gate.drain(
            .filterBypass, .filtersBlocked, until: bound, advance: { house.advanceOwnReads() })
        guard end == .drained else { return end }
        return gate.drain(
            .storageBypass, .filtersBlocked, until: bound, advance: { house.advanceOwnReads() })
    }

    /// A filter is gone, and its veto with it. A resume that it refused asks again.
    func noteDetach() { state.change { $0.detaches += 1 } }

    /// Has every ENABLE under way ask again (``EnableTicket``). Called once requests can meet a new
    /// filter.
    func haveEnablesAskAgain() { state.change { $0.withdrawals += 1 } }

    /// Has every ENABLE under way ask again, for a filter that withdraws bypass. Returns the file
    /// objects that have bypass now: those that no ENABLE will ask about again.
    func withdrawFromEnables() -> [any BypassHolder] {
        state.withLock { state in
            state.withdrawals += 1
            return state.bypassed.values.compactMap(\.holder)
        }
    }

    // MARK: How long drains wait

    /// How long all drains of one request together wait for reads.
    var drainLimit: Duration {
        get { .milliseconds(drainMilliseconds.load(ordering: .relaxed)) }
        nonmutating set {
            let (seconds, attoseconds) = newValue.components
            drainMilliseconds.store(
                seconds * 1000 + attoseconds / 1_000_000_000_000_000, ordering: .relaxed)
        }
    }

    /// The bound for the drains of one request; the first drain that has to wait makes it. nil in
    /// the search of every order, where nothing takes time.
    func newBound(_ made: inout DrainBound?) -> DrainBound? {
        if Interleaving.isTimeless { return nil }
        if made == nil { made = DrainBound(drainLimit) }
        return made
    }
}

/// The questions that a transition of a volume's bypass asks of the volume around it.
///
/// The state machine holds no lock of its own at a call, except `storageTransition` for
/// ``manageStorage(_:)``.
protocol VolumeSurroundings {
    /// Moves on reads that only the calling thread can finish.
    func advanceOwnReads() -> DrainProgress

    /// Sends IOCTL_STORAGE_MANAGE_BYPASS_IO to the volume and storage drivers (spec 4.5). Returns
    /// the veto of the driver that refuses.
    func manageStorage(_ operation: StorageBypassIOOperation) -> BypassVeto?

    /// Closes or opens the gates of all of the volume's kernel reads as their causes demand now,
    /// and drains those that it closed. Throws the host's error if the host refuses a gate.
    func settleKernelReads(until bound: DrainLimit) throws(IOFailure) -> DrainEnd
}

/// The same questions for a transition of one stream.
protocol StreamSurroundings: VolumeSurroundings {
    /// ``VolumeSurroundings/settleKernelReads(until:)`` for this stream alone.
    func settleKernelReadsOfStream(until bound: DrainLimit) throws(IOFailure) -> DrainEnd
}

/// Asks whether a pause may end: a handle of the stream that has bypass.
protocol ResumeAsker {
    /// Sends a QUERY from the top of the stack. Returns nil if the handle was closed meanwhile; the
    /// next call asks by another handle.
    mutating func query() -> BypassIOResults?

    /// Tells the handles apart.
    var number: Int { get }
}
