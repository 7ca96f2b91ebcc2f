/// The word that every bypassing read of a volume passes: two counts and two switches.
///
/// Layout: bits 0–23 count the reads that skip the filters, bits 24–47 those that skip the volume
/// drivers; bits 48 and up are the reasons why reads may not (``Closed``); bits 62 and 63 say that
/// a drain sleeps, for the second and the first count.
///
/// Invariant, for each count: as in ``StreamGate``, a read counts itself in and looks at the
/// reasons in one atomic step. A read that may skip the filters but not the volume drivers is
/// counted in the first only, so neither drain waits for the other's reads.
///
/// Memory ordering: as in ``StreamGate``.
struct VolumeGate: ~Copyable, Sendable {
    struct Closed: OptionSet, Sendable, Hashable {
        let rawValue: UInt64

        /// VOLUME_STACK_PAUSE is in force.
        static var storagePaused: Closed { Closed(rawValue: 1 << 48) }
        /// A volume or storage driver refused the ENABLE of this volume.
        static var storageRefused: Closed { Closed(rawValue: 1 << 49) }
        /// No file object of the volume has bypass.
        static var storageIdle: Closed { Closed(rawValue: 1 << 51) }
        /// A filter that did not opt in is attached.
        static var filtersBlocked: Closed { Closed(rawValue: 1 << 50) }

        /// The reasons that keep reads from skipping the volume drivers.
        // No array literal: unoptimised code would allocate it on every read.
        static var storage: Closed {
            Closed(
                rawValue: storagePaused.rawValue | storageRefused.rawValue | storageIdle.rawValue)
        }
        static var all: Closed { Closed(rawValue: storage.rawValue | filtersBlocked.rawValue) }
    }

    /// The reads that a drain waits for.
    enum Population: Sendable { case filterBypass, storageBypass }

    private static var filterOne: UInt64 { 1 }
    private static var storageOne: UInt64 { 1 << 24 }
    private static var filterMask: UInt64 { 0xFF_FFFF }
    private static var storageMask: UInt64 { 0xFF_FFFF << 24 }
    private static var waitingForFilters: UInt64 { 1 << 63 }
    private static var waitingForStorage: UInt64 { 1 << 62 }
    private static var waiting: UInt64 { waitingForFilters | waitingForStorage }
    private static var filtersSleep: GateWord.Sleep {
        GateWord.Sleep(flag: waitingForFilters, count: filterMask)
    }
    private static var storageSleep: GateWord.Sleep {
        GateWord.Sleep(flag: waitingForStorage, count: storageMask)
    }

    private let word = GateWord(
        Closed.storageRefused.rawValue | Closed.storageIdle.rawValue)
    private let event = DrainEvent()

    /// Counts in a read that wants to skip the filters and, if it may, the volume drivers. Returns
    /// nil if a filter that did not opt in is attached; then the read skips neither.
    @inline(__always)
    func enter() -> ReadRoute? {
        let seen = word.glance(at: Closed.all.rawValue)
        if seen & Closed.filtersBlocked.rawValue != 0 { return nil }
        if seen != 0 {
            let blocked = word.countIn(
                Self.filterOne, counts: Self.filterMask, seeing: Closed.filtersBlocked.rawValue)
            if blocked == 0 { return .filterBypass }
            leave(.filterBypass)
            return nil
        }
        let closed = word.countIn(
            Self.filterOne | Self.storageOne, counts: Self.filterMask | Self.storageMask,
            seeing: Closed.all.rawValue)
        if closed == 0 { return .fullBypass }
        if Mutant.volumeCountWithoutLooking.isPlanted { return .fullBypass }
        if closed & Closed.filtersBlocked.rawValue != 0 {
            leave(.fullBypass)
            return nil
        }
        leave(.storageBypass)
        return .filterBypass
    }

    /// Counts in a read that went through the filters and may skip the volume drivers.
    @inline(__always)
    func enterStorage() -> Bool {
        if word.glance(at: Closed.all.rawValue) != 0 { return false }
        let closed = word.countIn(
            Self.storageOne, counts: Self.storageMask, seeing: Closed.all.rawValue)
        if closed == 0 { return true }
        leave(.storageBypass)
        return false
    }

    /// Counts a read out of the counts of its route.
    @inline(__always)
    func leave(_ route: ReadRoute) {
        let memory = StepMemory()
        defer { memory.forget() }
        let mine =
            (route.skipsFilters ? Self.filterOne : 0)
            | (route.skipsVolumeDrivers ? Self.storageOne : 0)
        let counts =
            (route.skipsFilters ? Self.filterMask : 0)
            | (route.skipsVolumeDrivers ? Self.storageMask : 0)
        if word.countOut(
            mine, counts: counts, waking: Self.filtersSleep, Self.storageSleep)
        {
            event.signal()
        }
    }

    func close(_ reason: Closed) {
        word.set(reason.rawValue)
    }

    /// Takes reasons away and ends the drains for them.
    func open(_ reason: Closed) {
        if word.clear(reason.rawValue, seeing: Self.waiting) != 0 { event.signal() }
    }

    /// Waits until every read of `population` has left, or until `reason` is gone. In the second
    /// case reads come and go again, and no caller relies on their absence.
    @discardableResult
    func drain(
        _ population: Population, _ reason: Closed, until bound: DrainLimit = { nil },
        advance: () -> DrainProgress
    ) -> DrainEnd {
        let sleep = population == .filterBypass ? Self.filtersSleep : Self.storageSleep
        return event.wait(
            until: bound, raise: { word.set(sleep.flag) }, lower: { word.clear(Self.waiting) },
            isDrained: { word.isZero(sleep.count, orGone: reason.rawValue) }, advance: advance)
    }

    func readsInside(_ population: Population) -> Int {
        switch population {
        case .filterBypass: Int(word.look(at: Self.filterMask))
        case .storageBypass: Int(word.look(at: Self.storageMask) >> 24)
        }
    }

    var closed: Closed { Closed(rawValue: word.look(at: Closed.all.rawValue)) }
}
