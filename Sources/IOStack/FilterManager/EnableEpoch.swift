import BypassIOProtocol

/// The ENABLEs that began between two attaches.
///
/// An ENABLE passes the filters that stood in its chain when it began. So an attach ends the epoch,
/// and when that one and all before it have drained, every file object whose ENABLE did not pass the
/// new filter is known to have bypass, or has none.
final class EnableEpoch: Sendable {
    private let underWay = RundownGate()
    #if INTERLEAVING
        let identity = Interleaving.newIdentity()
    #endif
    /// The one before, until it has drained. Lock order: a leaf.
    private let previous: Guarded<EnableEpoch?>

    init(after previous: EnableEpoch?) {
        self.previous = Guarded(previous)
    }

    /// False if an attach ended the epoch: the chain is another one now.
    func enter() -> Bool { underWay.enter() }
    func leave() { underWay.leave() }

    func end() { underWay.close() }

    /// Waits for the ENABLEs of this epoch and of those before it.
    func drain(advance: () -> DrainProgress) {
        if let earlier = previous.withLock({ $0 }) { earlier.drain(advance: advance) }
        underWay.drain(advance: advance)
        previous.withLock { $0 = nil }
    }
}

extension Volume {
    /// The chain that a control passes. That of an ENABLE is held on to, with
    /// ``EnableEpoch/leave()`` to end it.
    func enterChain(isEnable: Bool) -> (chain: FilterChain, epoch: EnableEpoch?) {
        guard isEnable else { return (currentChain, nil) }
        while true {
            let chain = currentChain
            if chain.enables.enter() { return (chain, chain.enables) }
        }
    }
}
