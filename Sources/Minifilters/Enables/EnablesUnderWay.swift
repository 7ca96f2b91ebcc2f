import Dispatch

/// The ENABLEs that a filter let past and that have not come back yet. A value under its owner's
/// lock.
///
/// A veto stops only the ENABLEs that come after it. One that passed before may make reads skip the
/// filter at any moment; so whoever vetoes in order to see every read has to wait for it, and only
/// then knows whom to pause (spec 4.4).
struct EnablesUnderWay {
    private var count = 0
    private var sleepers: [DispatchSemaphore] = []

    mutating func begin() {
        count += 1
    }

    mutating func end() {
        count -= 1
        assert(count >= 0, "an ENABLE came back that never passed")
        guard count == 0 else { return }
        for sleeper in sleepers { sleeper.signal() }
        sleepers = []
    }

    /// What is signalled once every ENABLE now under way came back; nil if none is. To be waited
    /// for outside of the owner's lock.
    mutating func whenAllAreBack() -> DispatchSemaphore? {
        guard count > 0 else { return nil }
        let sleeper = DispatchSemaphore(value: 0)
        sleepers.append(sleeper)
        return sleeper
    }
}
