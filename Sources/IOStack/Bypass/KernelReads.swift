import Dispatch

/// The kernel's reads of one stream: the door they go through, and the file objects whose programs
/// may use it.
///
/// Exists from the stream's first grant until its last user is gone.
///
/// Lock order: `gate` before `users`; neither is taken under a lock of the volume. `gate` is held
/// while the host closes the door, never while a drain runs. No call is made under `users` or
/// `underWay`.
final class KernelReads: Sendable {
    let door: any KernelReadDoor
    private struct Gate {
        /// The gate is in the way.
        var isClosed = false
        var closings: UInt64 = 0
        /// The reads that had begun before the last close are done.
        var isDrained = true
        /// If this process dies, reads stop that have to be stoppable.
        var isGuarded = true
        /// The last time that it was put in the way or taken out of it.
        var lastMove: RouteChange?
    }

    /// A thread that changes a cause of the gate settles the gate afterwards. The last holder of
    /// this lock has seen every change, so the gate ends in the right state. No drain runs under
    /// the lock: a pause that finds the gate closed and not drained drains it, too. So a pause
    /// returns only once the gate is both.
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

    /// Of a door that another process may have closed. Whether it drained the reads that had begun
    /// by then is not known, so the next settling drains them.
    convenience init(adopted door: any KernelReadDoor, moved: MoveTold? = nil) {
        self.init(door: door, moved: moved)
        guard door.handed?.gate?.isClosed == true else { return }
        gate.withLock { gate in
            gate.isClosed = true
            gate.isDrained = false
            gate.closings = 1
        }
    }

    var isGated: Bool { gate.withLock { $0.isClosed } }
    /// What the door said when the gate was last settled.
    var isGuarded: Bool { gate.withLock { $0.isGuarded } }

    /// nil: it was never in the way.
    var lastMove: RouteChange? { gate.withLock { $0.lastMove } }

    // MARK: Users

    func add(_ holder: any BypassHolder) {
        users.withLock { $0[ObjectIdentifier(holder)] = WeakHolder(holder) }
    }

    /// Returns whether no user is left.
    func remove(_ holder: ObjectIdentifier) -> Bool {
        users.withLock { users in
            users[holder] = nil
            return users.isEmpty
        }
    }

    func contains(_ holder: ObjectIdentifier) -> Bool {
        users.withLock { $0[holder] != nil }
    }

    /// A user's bypass was disabled. One gate stands for all users.
    var isAnyDisabled: Bool {
        users.withLock { $0.values.contains { $0.holder?.isBypassEnabled == false } }
    }

    var holders: [any BypassHolder] {
        users.withLock { $0.values.compactMap(\.holder) }
    }

    // MARK: The gate

    /// Closes or opens the gate as `cause` demands, and drains it. `cause` says why reads have to
    /// ask the stack; nil: they need not. `isStoppable` says whether a layer relies on being able
    /// to close the gate, so that it must not open when this process dies.
    ///
    /// Throws the host's error if the host refuses to close the gate.
    func settle(
        until bound: DrainLimit = { nil }, isStoppable: () -> Bool,
        _ cause: () -> KernelReadCause?
    ) throws(IOFailure) -> DrainEnd {
        guard let closing = try put(isStoppable: isStoppable, cause) else { return .drained }
        return Self.drain([(self, closing)], until: bound)
    }

    /// Drains several doors at once. The host's wait cannot be cut short, so a bounded drain runs
    /// on a thread of its own. Each closing of a gate is drained once; later callers wait for that
    /// drain, because the door hands the reads to wait for to the first drain.
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

    /// The drain of this closing if it has begun. Otherwise nil, and `group` stands for the drain
    /// from now on.
    private func joinDrain(of closing: UInt64, orBegin group: DispatchGroup) -> DispatchGroup? {
        underWay.withLock { underWay in
            if let known = underWay, known.closing == closing { return known.group }
            underWay = UnderWay(closing: closing, group: group)
            return nil
        }
    }

    /// Does the work of ``settle(until:isStoppable:_:)`` without the drain, for callers that drain
    /// many doors at once.
    ///
    /// Returns the number of the closing to be drained and then passed to ``drained(_:)``; nil if
    /// there is nothing to wait for.
    func put(
        isStoppable: () -> Bool, _ cause: () -> KernelReadCause?
    ) throws(IOFailure) -> UInt64? {
        try gate.withLock { (gate) throws(IOFailure) in
            gate.isGuarded = door.guardReads(isStoppable())
            try put(&gate, cause)
            return gate.isDrained ? nil : gate.closings
        }
    }

    func drained(_ closing: UInt64) {
        gate.withLock { gate in
            // If the gate was opened and closed again meanwhile, newer reads may still have to be
            // waited for.
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
        gate.lastMove = RouteChange(
            cause.map { .gateClosed($0.description) } ?? .gateOpened, at: LayerClock.now)
        moved?(cause.map { .closed(because: $0.description) } ?? .opened)
    }
}
