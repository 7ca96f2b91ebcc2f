import Synchronization

/// Whom a volume tells of the layers that requests pass. While it tells nobody, a request costs one
/// load and one branch more.
///
/// Any thread. Relaxed: of requests under way at a change a part is told. The atomic is the
/// standard library's in the build of the search, too: nothing that threads do depends on it. Lock
/// order: `observer` is a leaf; it is called without it.
struct LayerTrace: ~Copyable, Sendable {
    private let isTelling = Synchronization.Atomic<Bool>(false)
    private let observer = Guarded<(any LayerObserver)?>(nil)

    @inline(__always)
    var isOn: Bool { isTelling.load(ordering: .relaxed) }

    func set(_ observer: (any LayerObserver)?) {
        self.observer.withLock { $0 = observer }
        isTelling.store(observer != nil, ordering: .relaxed)
    }

    /// Before a layer; 0 while nobody is told.
    @inline(__always)
    func begin() -> UInt64 { isOn ? LayerClock.now : 0 }

    /// False if nobody is told any more.
    @discardableResult
    func tell(_ visit: LayerVisit) -> Bool {
        guard let observer = observer.look({ copy $0 }) else { return false }
        observer.saw(visit)
        return true
    }
}

extension FilterInstance {
    /// A callback is over that began while somebody looked.
    @inline(never)
    func noteCallback(
        _ layer: LayerVisit.Layer, of function: MajorFunction, since began: UInt64,
        _ outcome: LayerVisit.Outcome? = nil
    ) {
        let now = LayerClock.now
        times.record(function, from: began, to: now)
        guard times.isTold else { return }
        // An attach may have come while the last observer went.
        if !tell(layer, since: began, until: now, outcome) { times.tell(false) }
    }

    /// The filter manager vetoes for the filter, which has no part in it.
    func noteStandingVeto() {
        let now = volume.layers.begin()
        if now != 0 { tell(.preCallback, since: now, until: now, .completed) }
    }

    /// The filter kept a request until now.
    func noteKept(since began: UInt64) {
        tell(.kept, since: began, until: LayerClock.now)
    }

    @discardableResult
    private func tell(
        _ layer: LayerVisit.Layer, since began: UInt64, until ended: UInt64,
        _ outcome: LayerVisit.Outcome? = nil
    ) -> Bool {
        volume.layers.tell(
            LayerVisit(
                layer, filter.name, altitude: altitude, outcome, since: began, until: ended))
    }
}
