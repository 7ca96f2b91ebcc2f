internal import IOStack
internal import LinuxKit
internal import Synchronization
internal import SystemPackage

/// A read that the kernel holds until it is answered, once. If the last reference goes without an
/// answer, the read passes.
///
/// Any thread.
final class HeldRead: Sendable {
    let read: KernelRead
    /// The event's own descriptor. By its number the kernel knows which read is answered.
    private let event: FileDescriptor
    /// Tells it from a later read whose event has the same number.
    private let number: UInt64
    private let desk: AnswerDesk
    private let isAnswered = Atomic<Bool>(false)

    /// Takes over the event's descriptor.
    ///
    /// - Parameter mount: the number of the gate's mount.
    init(
        _ read: KernelRead, event: consuming OwnedDescriptor, at mount: UInt64, of desk: AnswerDesk
    ) {
        self.read = read
        self.desk = desk
        self.event = event.descriptor
        number = desk.keep(event, read, at: mount)
    }

    /// Lets the read pass with nil, or fails it. Only the first answer counts.
    ///
    /// Programs get `EIO`, `EPERM`, `EBUSY`, `ETXTBSY`, `EAGAIN`, `ENOSPC` and `EDQUOT` unchanged.
    /// The kernel takes no other errno (fs/notify/fanotify), so any other becomes `EPERM`.
    func answer(_ failure: IOFailure?) {
        guard !isAnswered.exchange(true, ordering: .relaxed) else { return }
        desk.answer(event, number, with: failure.map { Self.accepted($0.errno).rawValue } ?? 0)
    }

    deinit { answer(nil) }

    private static func accepted(_ error: Errno) -> Errno {
        switch error {
        case .ioError, .resourceBusy, .textFileBusy, .resourceTemporarilyUnavailable, .noSpace,
            .diskQuotaExceeded:
            error
        default: .notPermitted
        }
    }
}

/// The events of a group that wait for their answers, each with its descriptor. While the desk is
/// shut, answers are kept: another process may give them.
///
/// Any thread. Lock order: a leaf.
final class AnswerDesk: Sendable {
    private final class Event: Sendable {
        private let file: OwnedDescriptor
        let read: KernelRead
        let mount: UInt64
        var descriptor: FileDescriptor { file.descriptor }

        init(_ file: consuming OwnedDescriptor, _ read: KernelRead, at mount: UInt64) {
            self.file = file
            self.read = read
            self.mount = mount
        }
    }

    private struct Waiting {
        let event: Event
        let number: UInt64
        /// An errno, or 0; nil while nobody has answered.
        var answer: Int32?
    }

    private struct State {
        /// By the number of the event's descriptor.
        var waiting: [Int32: Waiting] = [:]
        var lastNumber: UInt64 = 0
        var isShut: Bool
    }

    private let state: Guarded<State>
    private let group: FileDescriptor
    /// Where reads that wait are written down for a successor; nil: nowhere.
    private let recovery: RecoveryTable?

    /// - Parameter group: stays open for as long as the desk is used.
    init(of group: FileDescriptor, isShut: Bool, recovery: RecoveryTable? = nil) {
        self.group = group
        self.recovery = recovery
        state = Guarded(State(isShut: isShut))
    }

    var count: Int { state.withLock { $0.waiting.count } }
    var isShut: Bool { state.withLock { $0.isShut } }

    func keep(
        _ event: consuming OwnedDescriptor, _ read: KernelRead, at mount: UInt64
    ) -> UInt64 {
        let event = Event(event, read, at: mount)
        return state.withLock { state in
            state.lastNumber += 1
            let waiting = Waiting(event: event, number: state.lastNumber)
            state.waiting[event.descriptor.rawValue] = waiting
            recovery?.set(
                RecoveryTable.WaitingRead(
                    thread: read.thread, gate: mount, offset: read.offset,
                    length: UInt64(clamping: read.length)),
                at: event.descriptor.rawValue)
            return state.lastNumber
        }
    }

    /// - Parameters:
    ///   - number: of ``keep(_:_:at:)``.
    ///   - error: an errno that the kernel accepts; 0 lets the read pass.
    func answer(_ event: FileDescriptor, _ number: UInt64, with error: Int32) {
        // The descriptor is closed last, after the lock: its number must not come again before.
        let answered = state.withLock { state -> Event? in
            guard let waiting = state.waiting[event.rawValue], waiting.number == number else {
                return nil
            }
            guard !state.isShut else {
                state.waiting[event.rawValue]?.answer = error
                return nil
            }
            // Fails only if the program was killed meanwhile and does not wait any more.
            try? SystemCall.answer(event, with: error, to: group)
            recovery?.removeRead(at: event.rawValue)
            return state.waiting.removeValue(forKey: event.rawValue)?.event
        }
        withExtendedLifetime(answered) {}
    }

    /// From now on nothing is answered. Returns what waits, in no order; an answer that was kept
    /// counts as none.
    func shut() -> [HandedGates.WaitingRead] {
        state.withLock { state in
            state.isShut = true
            return state.waiting.map { number, waiting in
                HandedGates.WaitingRead(
                    event: number, gate: waiting.event.mount, read: waiting.event.read)
            }
        }
    }

    /// Gives the answers that were kept, and every one from now on at once.
    ///
    /// - Parameter isAlone: false: another process may have answered some, and read more. Then all
    ///   that anybody has read fails.
    func open(isAlone: Bool) {
        let answered = state.withLock { state -> [Event] in
            state.isShut = false
            guard isAlone else {
                SystemCall.failAll(below: DescriptorLimit.current, with: .ioError, of: group)
                defer { state.waiting = [:] }
                return state.waiting.values.map(\.event)
            }
            let answered = state.waiting.values.filter { $0.answer != nil }
            for one in answered {
                let event = one.event.descriptor
                try? SystemCall.answer(event, with: one.answer ?? 0, to: group)
                state.waiting[event.rawValue] = nil
                recovery?.removeRead(at: event.rawValue)
            }
            return answered.map(\.event)
        }
        withExtendedLifetime(answered) {}
    }
}
