public import IOStack
package import LinuxKit
public import SystemPackage

/// A service's side of its guardian (``GateGuardian``), which it starts for the first file that
/// needs one, and again whenever one dies.
///
/// What the guardian has to hold is known here, so that another can have it. Lock order: `state` is
/// a leaf, below the gate's own. A message may wait under it for a second, if the
/// guardian takes none; then another guardian takes its place. Any thread.
public final class GuardianLink: Sendable {
    /// What happens to the guardian, for the service's log.
    public enum Event: Sendable, Hashable {
        case started(process: Int32)
        /// It was there no more, or took no messages.
        case replaced(process: Int32)
        /// Files whose filters need a gate are not read by the kernel any more.
        case unavailable(Errno)
        /// It stays while files are open that it answers for.
        case stays(process: Int32)
    }

    private struct State {
        /// The guardian; nil if there is none.
        var process: Int32?
        /// Of that process: for one that another service started, or that another is to have.
        var descriptor: HeldNumber?
        /// Another service started it.
        var isAdopted = false
        /// Of the file system that programs read through; nil where the machine gives none.
        var end: HeldNumber?
        /// By the number of each mount that has to be held.
        var mounts: [UInt64: FileDescriptor] = [:]
        weak var group: GateGroup?
        /// The times of the last starts.
        var starts: [ContinuousClock.Instant] = []
        var hasListener = false
        var isEnded = false
        /// Nothing is released any more.
        var isKept = false
        /// Another service has the guardian, or is to have it: it, too, starts the next.
        var isOthers = false
        /// Where the guardian is written down for a successor; nil: nowhere.
        var recovery: RecoveryTable?
        /// The process that starts a successor if this one dies; nil: none does.
        var keeper: Int32?

        mutating func forgetProcess() {
            (process, descriptor, isAdopted) = (nil, nil, false)
            write()
        }

        func write() {
            recovery?.set(.guardian, to: UInt64(max(0, process ?? 0)))
        }
    }

    /// As many starts may fall into ``startWindow``.
    private static let mostStarts = 8
    private static let startWindow = Duration.seconds(60)
    /// In milliseconds.
    private static let patience: Int64 = 1000
    /// Above every number that a process starts with.
    private static let leastSlot: Int32 = 10

    private let state = Guarded(State())
    /// Taken for as long as the service lives; see ``GateGuardian``.
    private let slot: HeldNumber
    private let arguments: [String]
    private let tell: @Sendable (Event) -> Void

    /// - Parameters:
    ///   - arguments: make of this program a guardian that calls
    ///     ``GateGuardian/serve(slot:mountPoint:bounds:tell:)``; given the slot, with argument 0.
    ///   - tell: called on any thread, perhaps under a gate's lock; must not wait.
    /// - Throws: `EMFILE`, `ENFILE`.
    public init(
        arguments: (Int32) -> [String], tell: @escaping @Sendable (Event) -> Void
    ) throws(Errno) {
        let nothing = try SystemCall.open("/dev/null", [.readOnly])
        slot = HeldNumber(try SystemCall.duplicate(nothing.descriptor, from: Self.leastSlot))
        self.arguments = arguments(slot.descriptor.rawValue)
        self.tell = tell
    }

    /// The link to a guardian that another service started. The other goes on with it until
    /// `goOn()`.
    ///
    /// - Throws: `EBADF` for descriptors that are not there.
    public init(
        adopting guardian: HandedGates.Guardian, arguments: (Int32) -> [String],
        tell: @escaping @Sendable (Event) -> Void
    ) throws(Errno) {
        for number in [guardian.channel, guardian.processDescriptor] {
            try SystemCall.closeOnExec(FileDescriptor(rawValue: number))
        }
        slot = HeldNumber(OwnedDescriptor(owning: FileDescriptor(rawValue: guardian.channel)))
        self.arguments = arguments(guardian.channel)
        self.tell = tell
        let number = FileDescriptor(rawValue: guardian.processDescriptor)
        let descriptor = HeldNumber(OwnedDescriptor(owning: number))
        state.withLock { state in
            state.process = guardian.process
            state.descriptor = descriptor
            state.isAdopted = true
            state.isOthers = true
        }
    }

    /// Ends a guardian of another service that no link of this process has. It does not take that
    /// for the service's death.
    public static func end(_ guardian: HandedGates.Guardian) {
        SystemCall.end(process: FileDescriptor(rawValue: guardian.processDescriptor))
    }

    deinit {
        // The guardian takes it for the service's end, and that is another's.
        if !state.withLock({ $0.isOthers }) { SystemCall.shutDown(slot.descriptor) }
    }

    /// The guardian's process; nil if none is needed so far.
    public var process: Int32? { state.withLock { $0.process } }
    /// Files whose reads fail if the service dies.
    public var heldFiles: Int { state.withLock { $0.mounts.count } }

    // MARK: What the guardian holds

    /// Has every guardian end with the file system that is mounted there now. Its service has to
    /// serve.
    ///
    /// - Parameter mountPoint: an absolute path without links.
    public func watchEnd(of mountPoint: FilePath) {
        guard let watch = try? SystemCall.watchEnd(of: mountPoint) else { return }
        let end = HeldNumber(watch)
        state.withLock { $0.end = end }
    }

    /// From now on the guardian is written down for a successor of this process.
    package func write(to recovery: RecoveryTable) {
        recovery.set(.channel, to: UInt64(max(0, slot.descriptor.rawValue)))
        state.withLock { state in
            state.recovery = recovery
            state.write()
        }
    }

    /// From now on that process keeps this one's descriptors. The guardian takes the end of both
    /// for the end, whatever still holds the channel open.
    public func note(keeper: Int32) {
        state.withLock { state in
            state.keeper = keeper
            if state.process != nil { _ = send(.kept(by: keeper), with: nil) }
        }
    }

    func serve(_ group: GateGroup) { state.withLock { $0.group = group } }

    /// Has the guardian hold a file's mount. Returns whether it does.
    func hold(_ mount: FileDescriptor, number: UInt64) -> Bool {
        let (isHeld, events) = state.withLock { state in
            state.mounts[number] = mount
            var events: [Event] = []
            if state.process != nil, send(.hold(mount: number), with: mount) {
                return (true, events)
            }
            let isHeld = start(&state, &events)
            if !isHeld { state.mounts[number] = nil }
            return (isHeld, events)
        }
        events.forEach(tell)
        return isHeld
    }

    /// Call while the mount is open. False after ``keep()``: then the file's gate stays as it is.
    @discardableResult
    func release(_ number: UInt64) -> Bool {
        state.withLock { state in
            guard state.mounts.removeValue(forKey: number) != nil, state.process != nil else {
                return true
            }
            if state.isKept { return false }
            // One that takes no messages is replaced at the next file that needs it.
            if !send(.release(mount: number), with: nil) { drop(&state) }
            return true
        }
    }

    /// From now on the guardian keeps what it holds: this service serves no more, although programs
    /// may have files open (a forced unmount, a second signal).
    public func keep() {
        state.withLock { state in
            state.isKept = true
            state.isEnded = true
        }
    }

    /// Reads that come to a gate that is no more have to fail.
    var isKept: Bool { state.withLock { $0.isKept && $0.process != nil } }

    /// Waits a moment for the guardian, which ends with the file system that programs read through.
    /// If it stays, it answers for files that are still open.
    public func end() {
        let process = state.withLock { state in
            state.isEnded = true
            return state.process
        }
        guard let process else { return }
        for _ in 0..<200 {
            if state.withLock({ Self.hasEnded($0) }) { return }
            _ = try? SystemCall.wait(nil, nil, nil, milliseconds: 5)
        }
        tell(.stays(process: process))
    }

    // MARK: Another service

    /// What another service needs to have the guardian; nil if there is none. Until ``goOn()`` no
    /// other is started.
    func handOver() -> HandedGates.Guardian? {
        state.withLock { state in
            state.isOthers = true
            guard let process = state.process, !Self.hasEnded(state) else { return nil }
            if state.descriptor == nil {
                do throws(Errno) {
                    state.descriptor = HeldNumber(
                        try SystemCall.descriptor(ofProcess: process))
                } catch {
                    return nil
                }
            }
            guard let descriptor = state.descriptor else { return nil }
            return HandedGates.Guardian(
                process: process, processDescriptor: descriptor.descriptor.rawValue,
                channel: slot.descriptor.rawValue)
        }
    }

    /// The guardian holds this mount, by the word of the service before.
    func adopt(_ mount: FileDescriptor, number: UInt64) {
        state.withLock { if $0.process != nil { $0.mounts[number] = mount } }
    }

    /// From now on the guardian is this service's. If it is gone, another takes its place.
    func goOn() {
        let events = state.withLock { state in
            var events: [Event] = []
            state.isOthers = false
            if state.process != nil, Self.hasEnded(state) { state.forgetProcess() }
            if state.process != nil {
                try? listen(&state)
                _ = send(.adopted(by: SystemCall.ownProcess), with: nil)
                if let keeper = state.keeper { _ = send(.kept(by: keeper), with: nil) }
            } else if !state.mounts.isEmpty {
                _ = start(&state, &events)
            }
            return events
        }
        events.forEach(tell)
    }

    private func send(_ message: GuardianMessage, with file: FileDescriptor?) -> Bool {
        (try? SystemCall.send(message: message.bytes, with: file, to: slot.descriptor)) != nil
    }

    // MARK: Starting

    /// Ends the guardian, so that it does not take the service for dead.
    private func drop(_ state: inout State) {
        guard let process = state.process else { return }
        if state.isAdopted, let descriptor = state.descriptor?.descriptor {
            SystemCall.end(process: descriptor)
        } else {
            SystemCall.killChild(process)
        }
        state.forgetProcess()
    }

    private static func hasEnded(_ state: State) -> Bool {
        guard let process = state.process else { return true }
        guard state.isAdopted, let descriptor = state.descriptor?.descriptor else {
            return SystemCall.hasEnded(child: process)
        }
        return (try? SystemCall.wait(descriptor, nil, nil, milliseconds: 0))?.first == true
    }

    /// Starts a guardian in place of one that is gone, and hands everything over.
    private func start(_ state: inout State, _ events: inout [Event]) -> Bool {
        guard !state.isEnded, let group = state.group else { return false }
        let isFirst = state.starts.isEmpty
        drop(&state)
        let now = ContinuousClock.now
        state.starts.removeAll { $0.duration(to: now) > Self.startWindow }
        do throws(Errno) {
            guard state.starts.count < Self.mostStarts else {
                throw .resourceTemporarilyUnavailable
            }
            state.starts.append(now)
            let process = try startProcess()
            state.process = process
            state.write()
            try listen(&state)
            events.append(isFirst ? .started(process: process) : .replaced(process: process))
            var isComplete =
                send(.end, with: state.end?.descriptor) && send(.group, with: group.descriptor)
            for (number, mount) in state.mounts where isComplete {
                isComplete = send(.hold(mount: number), with: mount)
            }
            if let keeper = state.keeper, isComplete {
                isComplete = send(.kept(by: keeper), with: nil)
            }
            guard isComplete else { throw .brokenPipe }
            return true
        } catch {
            drop(&state)
            events.append(.unavailable(error))
            return false
        }
    }

    private func startProcess() throws(Errno) -> Int32 {
        let ends = try SystemCall.channel(patience: Self.patience)
        let own = OwnedDescriptor(owning: ends.first)
        let other = OwnedDescriptor(owning: ends.second)
        try SystemCall.place(own.descriptor, at: slot.descriptor)
        return try SystemCall.startGuardian(arguments, channel: other.descriptor)
    }

    // MARK: What the guardian says

    private func listen(_ state: inout State) throws(Errno) {
        guard !state.hasListener else { return }
        let thread = try OwnThread.start(
            named: "bypassio-ward", stackSize: 512 << 10, isInterruptible: false
        ) { [weak self, slot] in
            var buffer = [UInt8](repeating: 0, count: GuardianMessage.size)
            while true {
                let packet = try? SystemCall.receive(into: &buffer, from: slot.descriptor)
                let message = packet.flatMap { GuardianMessage(buffer.prefix($0.length)) }
                if let file = packet?.file { try? file.close() }
                guard let self, self.heard(message) else { return }
            }
        }
        thread.detach()
        state.hasListener = true
    }

    /// Returns whether more may come.
    private func heard(_ message: GuardianMessage?) -> Bool {
        switch message {
        case .ping:
            // Also does the work of a thread that does not get to it.
            state.withLock { $0.group }?.dealWithEvents()
            _ = send(.pong, with: nil)
        case .tookOver: state.withLock { $0.group }?.eventsWereTaken()
        case .over: state.withLock { $0.isEnded = true }
        case .group, .hold, .release, .pong, .adopted, .end, .kept: break
        case nil: return replaceIfGone()
        }
        return true
    }

    /// The channel has ended, or has been replaced a moment ago by the thread that found it ended.
    private func replaceIfGone() -> Bool {
        let (next, events) = state.withLock { state -> (AfterEnd, [Event]) in
            var events: [Event] = []
            if state.isOthers || state.process != nil && !Self.hasEnded(state) {
                return (.waits, events)
            }
            state.forgetProcess()
            guard !state.isEnded, !state.mounts.isEmpty, start(&state, &events) else {
                state.hasListener = false
                return (.ends, events)
            }
            return (.goesOn, events)
        }
        events.forEach(tell)
        if next == .waits { _ = try? SystemCall.wait(nil, nil, nil, milliseconds: 1) }
        return next != .ends
    }

    /// Of the thread that listens, once the channel has ended.
    private enum AfterEnd {
        case goesOn, waits, ends
    }
}
