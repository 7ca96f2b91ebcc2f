internal import CKernelABI
internal import IOStack
internal import LinuxKit
internal import SystemPackage

/// The way for the kernel's reads of one file with a gate in it: a mount of the file's own, which
/// only the kernel's reads go through, and pre-content events on that mount.
///
/// Every use of the file by its path is on another mount, also by this service's own descriptors:
/// no event reports it, and nothing holds it. So a question never leads to a wait for itself, as
/// long as it does not read through the FUSE mount.
///
/// The gate cannot stop two things (measured on Linux 6.18): memory that was mapped, and files that
/// were opened while the gate was open and without an ``expectOpen(by:)``. If this process ends,
/// the kernel lets every read pass, unless a guardian holds the mount (``guardReads(_:)``) or the
/// gate was closed. If the process had no descriptor left for an event
/// (`RLIMIT_NOFILE`), the kernel would fail that read with `EPERM`: each held read takes a
/// descriptor, so ``GateGroup`` holds few. Writes come to the gate as reads do; the kernel does not
/// tell them apart.
///
/// The lock in here comes after those of ``GateGroup``. The kernel's mask is changed under it, so
/// that the mask agrees with the state. Reads that pass without a question are answered under it,
/// too, so that none of them passes once ``close()`` has set the state.
final class KernelReadGate: KernelReadDoor {
    private static let always = UInt64(
        BPIO_GATE_OPEN | BPIO_GATE_CLOSE_WRITE | BPIO_GATE_CLOSE_NOWRITE)
    static let reads = UInt64(BPIO_GATE_READ)

    private struct State {
        var isClosed = false
        /// Threads whose opens have not been seen, with the number of the last open of each.
        var expected: [UInt32: UInt64] = [:]
        var lastNumber: UInt64 = 0
        /// Whether the kernel reports, and so holds, reads. True if closed or an open is expected.
        var isInMask = false
        /// Reads must fail if this process dies, also while the gate is open.
        var isWatched = false
        /// The guardian holds the mount, because the gate is watched or closed.
        var isHeld = false
        /// An open may have come while the kernel did not let the gate be closed for it.
        var openMissed: Errno?
        /// Since the start.
        var opens = 0
        var closes = 0
        /// Reads that wait for a thread to ask about them, or for its answer.
        var held: [ObjectIdentifier: HeldRead] = [:]
        var passed = PassedReaders()

        var isWantedInMask: Bool { isClosed || !expected.isEmpty }

        init() {}

        init(_ handed: HandedGate) {
            isClosed = handed.isClosed
            isWatched = handed.isWatched
            isHeld = handed.isHeld
            openMissed = handed.missed == 0 ? nil : Errno(rawValue: handed.missed)
            lastNumber = handed.lastOpen
            for open in handed.expected { expected[open.thread] = open.number }
            isInMask = isWantedInMask
            opens = handed.opens
            closes = handed.closes
            passed = PassedReaders(handed.passed)
        }
    }

    private let state = Guarded(State())
    private let mount: OwnedDescriptor
    private let mountNumber: UInt64
    private let gates: KernelReadGates
    private let drained: DrainedFile
    private let ask: @Sendable (KernelRead) -> IOFailure?

    var storage: StorageHandle { StorageHandle(rawValue: mount.descriptor.rawValue) }
    var isRevocable: Bool { true }

    /// - Throws: `EOPNOTSUPP` or `EINVAL` if the file system or the kernel has no pre-content
    ///   events.
    static func prepare(_ mount: FileDescriptor, for gates: KernelReadGates) throws(Errno) -> UInt64
    {
        let group = gates.group.descriptor
        let number = try SystemCall.mountNumber(of: mount)
        // First with the reads, to learn now whether the kernel will accept them later.
        try SystemCall.watchMount(mount, adding: always | reads, by: group)
        try SystemCall.watchMount(mount, removing: reads, by: group)
        return number
    }

    /// - Parameters:
    ///   - mount: of the file alone; it was prepared.
    ///   - number: the result of preparing it.
    init(
        _ mount: consuming OwnedDescriptor, number: UInt64, of gates: KernelReadGates,
        drained: DrainedFile, asking ask: @escaping @Sendable (KernelRead) -> IOFailure?
    ) {
        self.mount = mount
        mountNumber = number
        self.gates = gates
        self.drained = drained
        self.ask = ask
        state.withLock { write($0) }
        gates.group.add(self, on: number)
    }

    /// The gate of another process.
    init(
        adopting handed: HandedGate, _ mount: consuming OwnedDescriptor, of gates: KernelReadGates,
        drained: DrainedFile, asking ask: @escaping @Sendable (KernelRead) -> IOFailure?
    ) {
        self.mount = mount
        mountNumber = handed.number
        self.gates = gates
        self.drained = drained
        self.ask = ask
        state.withLock { state in
            state = State(handed)
            write(state)
        }
        if handed.isHeld {
            gates.group.link?.adopt(self.mount.descriptor, number: handed.number)
        }
        gates.group.add(self, on: handed.number)
    }

    /// What another process needs to go on with the gate, whose group is halted.
    var handed: HandedDoor? {
        state.withLock { state in
            var gate = HandedGate(unwatched: drained.number, number: mountNumber)
            gate.isClosed = state.isClosed
            gate.isWatched = state.isWatched
            gate.isHeld = state.isHeld
            gate.missed = state.openMissed?.rawValue ?? 0
            gate.lastOpen = state.lastNumber
            gate.expected = state.expected.map { ExpectedOpen(thread: $0.key, number: $0.value) }
            gate.opens = state.opens
            gate.closes = state.closes
            gate.passed = state.passed.handed
            return HandedDoor(storage: mount.descriptor.rawValue, gate: gate)
        }
    }

    deinit {
        gates.group.removeGate(on: mountNumber)
        gates.group.recovery?.removeDoor(at: mount.descriptor.rawValue)
        // Another process goes on with it.
        if gates.group.desk.isShut { return }
        let isHeld = state.withLock { $0.isHeld }
        if isHeld, let link = gates.group.link, !link.release(mountNumber) {
            state.withLock { state in
                for read in state.held.values { read.answer(IOFailure(errno: .ioError)) }
            }
            return
        }
        try? SystemCall.watchMount(
            mount.descriptor, removing: Self.always | Self.reads, by: gates.group.descriptor)
        state.withLock { state in
            for read in state.held.values { read.answer(nil) }
            state.held = [:]
        }
    }

    /// How many files the kernel has open by this door: handles, and mappings that outlive them.
    ///
    /// An estimate: if a thread's opens or closes follow each other faster than events are read,
    /// the kernel reports them as one.
    var liveReaders: Int {
        gates.group.dealWithEvents()
        return state.withLock { $0.opens - $0.closes }
    }

    // MARK: The gate

    func close() throws(IOFailure) {
        do throws(Errno) {
            try state.withLock { (state) throws(Errno) in
                if let error = state.openMissed { throw error }
                let wasClosed = state.isClosed
                state.isClosed = true
                // First, so that no closed gate opens when this process dies. Without a guardian
                // this one does.
                tellGuardian(&state)
                // Before the kernel, and an opening after it: a successor knows of no gate that is
                // shut as of an open one.
                write(state)
                do throws(Errno) {
                    try refresh(&state)
                } catch {
                    state.isClosed = wasClosed
                    tellGuardian(&state)
                    write(state)
                    throw error
                }
            }
        } catch {
            throw IOFailure(errno: error)
        }
    }

    /// Waits for reads as ``ReadDrain/wait(for:)`` describes.
    func drain(with others: [any KernelReadDoor]) {
        // After this, all opens that were over before are known.
        gates.group.dealWithEvents()
        ReadDrain.wait(
            for: ([self] + others.compactMap { $0 as? KernelReadGate }).compactMap(\.begun))
    }

    /// The reads that may have begun before the gate came in the way; nil if the file was never
    /// opened by this door.
    private var begun: ReadDrain? {
        state.withLock { state in
            state.opens > 0 ? ReadDrain(drained, passed: state.passed.taken()) : nil
        }
    }

    func open() {
        state.withLock { state in
            state.isClosed = false
            // If refused, the gate stays closed for the kernel, but each read that comes passes at
            // once.
            try? refresh(&state)
            tellGuardian(&state)
            write(state)
        }
    }

    func guardReads(_ areGuarded: Bool) -> Bool {
        guard gates.group.link != nil else { return true }
        return state.withLock { state in
            state.isWatched = areGuarded
            tellGuardian(&state)
            write(state)
            return state.isHeld || !areGuarded
        }
    }

    private func tellGuardian(_ state: inout State) {
        let isWanted = state.isWatched || state.isClosed
        guard let link = gates.group.link, isWanted != state.isHeld else { return }
        if isWanted {
            state.isHeld = link.hold(mount.descriptor, number: mountNumber)
        } else {
            link.release(mountNumber)
            state.isHeld = false
        }
    }

    func expectOpen(by thread: UInt32) -> ExpectedOpen {
        // An earlier open of the same thread whose event is still unread must not be taken for this
        // one.
        gates.group.dealWithEvents()
        return state.withLock { state in
            state.lastNumber += 1
            state.expected[thread] = state.lastNumber
            do throws(Errno) {
                try refresh(&state)
            } catch {
                state.openMissed = error
            }
            write(state)
            return ExpectedOpen(thread: thread, number: state.lastNumber)
        }
    }

    func callOff(_ open: ExpectedOpen) {
        state.withLock { state in
            guard state.expected[open.thread] == open.number else { return }
            state.expected[open.thread] = nil
            try? refresh(&state)
            write(state)
        }
    }

    /// Tells the kernel the state: another process may have told it something else.
    func assertMask() {
        state.withLock { state in
            state.isInMask = !state.isWantedInMask
            try? refresh(&state)
        }
    }

    /// For a successor.
    private func write(_ state: State) {
        guard let recovery = gates.group.recovery else { return }
        var door = RecoveryTable.Door()
        if state.isClosed { door.flags.insert(.isClosed) }
        if state.isWatched { door.flags.insert(.isWatched) }
        if state.isHeld { door.flags.insert(.isHeld) }
        door.unwatched = drained.number
        door.number = mountNumber
        door.lastOpen = state.lastNumber
        door.hasMissed = state.openMissed != nil
        door.expected = state.expected
        recovery.set(door, at: mount.descriptor.rawValue)
    }

    private func refresh(_ state: inout State) throws(Errno) {
        let isWanted = state.isWantedInMask
        guard isWanted != state.isInMask else { return }
        // Until ``assertMask()`` a read that comes waits, whoever is to answer it.
        if !isWanted, gates.group.desk.isShut { return }
        let group = gates.group.descriptor
        if isWanted {
            try SystemCall.watchMount(mount.descriptor, adding: Self.reads, by: group)
        } else {
            try SystemCall.watchMount(mount.descriptor, removing: Self.reads, by: group)
        }
        state.isInMask = isWanted
    }

    // MARK: What the kernel tells

    func opened(by thread: UInt32) {
        state.withLock { state in
            state.opens += 1
            guard state.expected.removeValue(forKey: thread) != nil else { return }
            try? refresh(&state)
            write(state)
        }
    }

    /// As ``GateGroup/eventsWereTaken()`` says.
    func mayHaveBeenOpened() {
        state.withLock { $0.opens += 1 }
    }

    func closedByReader() {
        state.withLock { $0.closes += 1 }
    }

    func arrived(_ read: HeldRead) {
        let mustAsk = state.withLock { state in
            guard state.isClosed else {
                state.passed.letPass(read)
                return false
            }
            state.held[ObjectIdentifier(read)] = read
            return true
        }
        if mustAsk { gates.group.ask(about: read, at: self) }
    }

    /// The question about a read, whose answer goes to ``answer(_:_:)``; nil if the read needs no
    /// question any more and has passed.
    func question(for read: HeldRead) -> (@Sendable (KernelRead) -> IOFailure?)? {
        let isOpen = state.withLock { state in
            guard !state.isClosed else { return false }
            state.held[ObjectIdentifier(read)] = nil
            state.passed.letPass(read)
            return true
        }
        return isOpen ? nil : ask
    }

    func answer(_ read: HeldRead, _ failure: IOFailure?) {
        state.withLock { state in
            state.held[ObjectIdentifier(read)] = nil
            if failure == nil {
                state.passed.letPass(read)
            } else {
                read.answer(failure)
            }
        }
    }
}
