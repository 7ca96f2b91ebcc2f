import Dispatch

/// The kernel's own reads of one stream: the door they go through, and the file objects whose
/// programs may use it.
///
/// Exists from the first grant to the last user's end.
///
/// Lock order: `gate` before `users`; both after nothing of the volume's. `gate` is held while the
/// host closes the door, and while no drain runs; nothing is called under `users` and `underWay`.
final class KernelReads: Sendable {
    let door: any KernelReadDoor
    private struct Gate {
        /// In the way.
        var isClosed = false
        var closings: UInt64 = 0
        /// Reads that had begun when it was closed last are done.
        var isDrained = true
    }

    /// Whoever changes what the gate depends on settles it afterwards: the last one to hold the
    /// lock has seen every change, so the gate ends where it belongs. No drain runs under it: a
    /// pause that finds the gate closed and not drained drains it, too, so it returned to a gate
    /// that is both.
    private let gate = Guarded(Gate())
    private struct UnderWay {
        let closing: UInt64
        let group: DispatchGroup
    }
    /// The drain that began last. A leaf.
    private let underWay = Guarded<UnderWay?>(nil)
    private let users = Guarded<[ObjectIdentifier: WeakHolder]>([:])

    typealias MoveTold = @Sendable (KernelGateMove) -> Void

    /// Called under the gate's lock.
    private let moved: MoveTold?

    init(door: any KernelReadDoor, moved: MoveTold? = nil) {
        self.door = door
        self.moved = moved
    }

    var isGated: Bool { gate.withLock { $0.isClosed } }

    // MARK: Users

    func add(_ holder: any BypassHolder) {
        users.withLock { $0[ObjectIdentifier(holder)] = WeakHolder(holder) }
    }

    /// Returns whether nobody is left.
    func remove(_ holder: ObjectIdentifier) -> Bool {
        users.withLock { users in
            users[holder] = nil
            return users.isEmpty
        }
    }

    func contains(_ holder: ObjectIdentifier) -> Bool {
        users.withLock { $0[holder] != nil }
    }

    /// Some user's bypass was disabled: one gate stands for them all.
    var isAnyDisabled: Bool {
        users.withLock { $0.values.contains { $0.holder?.isBypassEnabled == false } }
    }

    var holders: [any BypassHolder] {
        users.withLock { $0.values.compactMap(\.holder) }
    }

    // MARK: The gate

    /// Puts the gate where it belongs now, and drains it; `cause` says why reads have to
    /// ask; nil: they need not.
    ///
    /// Throws what the host refused to close it with.
    func settle(
        until bound: DrainLimit = { nil }, _ cause: () -> KernelReadCause?
    ) throws(IOFailure) -> DrainEnd {
        guard let closing = try put(cause) else { return .drained }
        return Self.drain([(self, closing)], until: bound)
    }

    /// Drains several at once. The host cannot be told to wait no longer, so a drain that is
    /// bounded has a thread of its own. A closing of a gate is drained once: whoever comes later
    /// waits for that, as the door hands those that it waits for to the first.
    static func drain(
        _ closings: [(reads: KernelReads, closing: UInt64)], until bound: DrainLimit
    ) -> DrainEnd {
        guard !closings.isEmpty else { return .drained }
        if Interleaving.isSearched {
            drain(closings)
            return .drained
        }
        let bound = bound()
        let own = DispatchGroup()
        own.enter()
        var groups = [own]
        let undrained = closings.filter { reads, closing in
            guard let known = reads.joinDrain(of: closing, orBegin: own) else { return true }
            groups.append(known)
            return false
        }
        if bound == nil || undrained.isEmpty {
            drain(undrained)
            own.leave()
        } else {
            DispatchQueue(label: "bypassio.drain").async {
                drain(undrained)
                own.leave()
            }
        }
        for group in groups {
            guard let bound else {
                group.wait()
                continue
            }
            let end = bound.wait(for: group)
            if end != .drained { return end }
        }
        return .drained
    }

    private static func drain(_ closings: [(reads: KernelReads, closing: UInt64)]) {
        guard let first = closings.first else { return }
        first.reads.door.drain(with: closings.dropFirst().map(\.reads.door))
        for (reads, closing) in closings { reads.drained(closing) }
    }

    /// The drain of that closing that has begun; nil: it is `group` from now on.
    private func joinDrain(of closing: UInt64, orBegin group: DispatchGroup) -> DispatchGroup? {
        underWay.withLock { underWay in
            if let known = underWay, known.closing == closing { return known.group }
            underWay = UnderWay(closing: closing, group: group)
            return nil
        }
    }

    /// As ``settle(_:)`` without the drain, for who drains many at once.
    ///
    /// Returns the number of the closing that is to be drained and then told to ``drained(_:)``;
    /// nil if there is nothing to wait for.
    func put(_ cause: () -> KernelReadCause?) throws(IOFailure) -> UInt64? {
        try gate.withLock { (gate) throws(IOFailure) in
            try put(&gate, cause)
            return gate.isDrained ? nil : gate.closings
        }
    }

    func drained(_ closing: UInt64) {
        gate.withLock { gate in
            // Opened and closed again meanwhile, there may be more to wait for.
            if gate.closings == closing { gate.isDrained = true }
        }
    }

    private func put(_ gate: inout Gate, _ cause: () -> KernelReadCause?) throws(IOFailure) {
        let cause = cause()
        guard (cause != nil) != gate.isClosed else { return }
        if let cause {
            do throws(IOFailure) {
                try door.close()
            } catch {
                moved?(.stuck(because: cause.description, error))
                throw error
            }
            gate.closings += 1
        } else {
            door.open()
        }
        gate.isClosed = cause != nil
        gate.isDrained = cause == nil
        moved?(cause.map { .closed(because: $0.description) } ?? .opened)
    }
}
