import DequeModule
import LinuxKit
import Locks
package import SystemPackage

/// Runs the interface's tasks one after the other, waits for its sockets and keeps its times, all
/// on a thread of its own, apart from the process' pool: whoever blocks a thread of that does not
/// keep clients waiting, nor clients anybody else's tasks. The thread is prompt (``PromptThread``),
/// and hands nothing to a thread that is not.
package final class ControlExecutor: TaskExecutor {
    /// A job keeps its executor, and so the thread, until it has run.
    private struct Work: Sendable {
        let job: UnownedJob
        let executor: ControlExecutor
    }

    /// A socket that a task waits for. The task keeps it open.
    private struct AwaitedSocket: Sendable {
        let descriptor: FileDescriptor
        let event: DescriptorWait.Event
        let task: CheckedContinuation<Void, Never>
    }

    private struct Alarm: Sendable {
        /// Nanoseconds of the monotonic clock.
        let moment: UInt64
        let ring: @Sendable () -> Void
    }

    /// Names what ``after(_:_:)`` will do.
    struct AlarmID: Sendable, Hashable {
        fileprivate let number: UInt64
    }

    private struct State: Sendable {
        var work: Deque<Work> = []
        /// Only the thread removes some, so that the places of a wait stay what they are.
        var sockets: [AwaitedSocket] = []
        var alarms: [AlarmID: Alarm] = [:]
        var lastAlarm: UInt64 = 0
        /// The thread waits, or is about to, for what was here: a change has to wake it up.
        var isWaiting = false
        var isOver = false
    }

    private enum Step {
        case run(Work)
        case wait([AwaitedSocket], until: UInt64?)
        case end
    }

    /// Lock order: a leaf.
    private let state: Monitor<State>
    private let bell: EventCounter

    /// Throws what a thread and a descriptor are refused with.
    package init() throws(Errno) {
        let state = Monitor(State())
        let bell = try EventCounter()
        self.state = state
        self.bell = bell
        try OwnThread.start(named: "control tasks", isPrompt: true) {
            Self.run(state, bell)
        }.detach()
    }

    deinit {
        change { $0.isOver = true }
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let work = Work(job: UnownedJob(job), executor: self)
        change { $0.work.append(work) }
    }

    /// Returns when the socket is ready, or its other end is gone. The caller keeps it open.
    func wait(until socket: FileDescriptor, is event: DescriptorWait.Event) async {
        await withCheckedContinuation { task in
            let awaited = AwaitedSocket(descriptor: socket, event: event, task: task)
            change { $0.sockets.append(awaited) }
        }
    }

    /// Has the thread do that when the time is over, unless it is forgotten before. It must not
    /// wait for anything.
    func after(_ time: Duration, _ ring: @escaping @Sendable () -> Void) -> AlarmID {
        let moment = KernelClock.monotonic.addingReportingOverflow(time.nanoseconds).partialValue
        var id = AlarmID(number: 0)
        change { state in
            state.lastAlarm += 1
            id = AlarmID(number: state.lastAlarm)
            state.alarms[id] = Alarm(moment: moment, ring: ring)
        }
        return id
    }

    func forget(_ alarm: AlarmID) {
        state.withLock { _ = $0.alarms.removeValue(forKey: alarm) }
    }

    /// Returns when the time is over, or the task is cancelled. Task.sleep would end on the pool of
    /// the process, whose threads others may block.
    func sleep(for time: Duration) async {
        let (end, teller) = AsyncStream.makeStream(of: Never.self)
        let alarm = after(time) { teller.finish() }
        for await _ in end {}
        forget(alarm)
    }

    private func change(_ body: (inout State) -> Void) {
        let isWaiting = state.withLock { state in
            body(&state)
            defer { state.isWaiting = false }
            return state.isWaiting
        }
        if isWaiting { bell.raise() }
    }
}

extension ControlExecutor {
    /// Jobs that run before sockets and times are looked at again.
    private static let turns = 64

    private static func run(_ state: Monitor<State>, _ bell: EventCounter) {
        var wait = DescriptorWait()
        var left = turns
        while true {
            switch step(state, mayRun: left > 0) {
            case .run(let work):
                left -= 1
                unsafe work.job.runSynchronously(on: work.executor.asUnownedTaskExecutor())
            case .wait(let sockets, let moment):
                left = turns
                wait.removeAll()
                wait.add(bell.descriptor, .readable)
                for socket in sockets { wait.add(socket.descriptor, socket.event) }
                let now = KernelClock.monotonic
                let ready = wait.wait(atMost: moment.map { $0 > now ? $0 - now : 0 })
                if ready.first == 0 { bell.reset() }
                serve(state, ready.filter { $0 > 0 }.map { $0 - 1 })
            case .end: return
            }
        }
    }

    private static func step(_ state: Monitor<State>, mayRun: Bool) -> Step {
        state.withLock { state in
            if mayRun, let work = state.work.popFirst() { return .run(work) }
            // Every job before the end is run: a task that waits for one would wait for ever.
            guard !state.isOver || !state.work.isEmpty else { return .end }
            state.isWaiting = state.work.isEmpty
            let first = state.alarms.values.lazy.map(\.moment).min()
            return .wait(state.sockets, until: state.work.isEmpty ? first : 0)
        }
    }

    /// Continues the tasks of the ready sockets, by their places, and does what is due.
    private static func serve(_ state: Monitor<State>, _ ready: [Int]) {
        let now = KernelClock.monotonic
        let (sockets, alarms) = state.withLock { state in
            state.isWaiting = false
            // From the last on: so those that are still to be removed keep their places.
            let sockets = ready.reversed().map { state.sockets.remove(at: $0) }
            let due = state.alarms.filter { $0.value.moment <= now }
            for id in due.keys { state.alarms[id] = nil }
            return (sockets, due.values.sorted { $0.moment < $1.moment })
        }
        for socket in sockets.reversed() { socket.task.resume() }
        for alarm in alarms { alarm.ring() }
    }
}
