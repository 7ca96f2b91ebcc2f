import Dispatch
import Foundation
import IOStack

/// Runs a program of a few threads in every order of their steps that can make a difference.
///
/// Depth first: each execution begins anew and repeats the choices that led to the last state where
/// something is left to try. ``Search`` decides what that is.
///
/// One thread runs at a time, and whoever runs owns all members; semaphores hand them over.
@safe
final class Explorer: StepScheduler, @unchecked Sendable {
    private(set) var search: Search
    private(set) var longest = 0
    private(set) var objectsLeftOut: Set<UInt> = []

    private var execution = Execution(threads: 0)
    private var identities: [pthread_t?] = []
    private var turns: [DispatchSemaphore] = []
    private let ended = DispatchSemaphore(value: 0)
    private var running = -1
    /// The threads have no other way to what a program made: it goes away on the main thread.
    private var bodies: [@Sendable () -> Void] = []
    private var isNotingLeftOut = false
    /// Things made so far: before the threads began, and by each in its operation.
    private var made = 0
    private var madeInOperation: [Int] = []
    private let program: String

    init(
        program: String, threads: Int, operations: Int, maxPreemptions: Int?, replay: [Int]? = nil
    ) {
        self.program = program
        search = Search(
            threads: threads, operations: operations, maxPreemptions: maxPreemptions, replay: replay
        )
    }

    /// The schedule so far, as `--replay` takes it.
    var schedule: [Int] { execution.taken.map(\.thread) }

    // MARK: One execution

    /// Before the things of an execution are made.
    func prepare() {
        made = 0
        objectsLeftOut = []
    }

    /// Runs `bodies` on a thread each, along the path. False when nothing is left to try.
    func run(_ bodies: [@Sendable () -> Void]) -> Bool {
        execution = Execution(threads: bodies.count)
        identities = Array(repeating: nil, count: bodies.count)
        madeInOperation = Array(repeating: 0, count: bodies.count)
        turns = bodies.map { _ in DispatchSemaphore(value: 0) }
        search.begin()
        self.bodies = bodies
        for index in bodies.indices {
            let thread = Thread { [self] in
                turns[index].wait()
                identities[index] = pthread_self()
                self.bodies[index]()
                end(index)
            }
            thread.stackSize = 1 << 20
            thread.start()
        }
        hand(to: choose())
        ended.wait()
        identities = []
        self.bodies = []
        longest = max(longest, execution.taken.count)
        return search.end()
    }

    /// Steps of `body`'s locks and words are none of the search: they commute in this program.
    func leaveOut(_ body: () -> Void) {
        isNotingLeftOut = true
        body()
        isNotingLeftOut = false
    }

    /// The running thread begins an operation and remembers nothing of the one before.
    func begin(operation: Int) {
        guard isScheduled else { return }
        madeInOperation[running] = 0
        execution.begin(operation, of: running)
    }

    // MARK: What the state machine tells

    private var isScheduled: Bool {
        guard running >= 0,
            let mine = identities.indices.contains(running) ? identities[running] : nil
        else { return false }
        return pthread_equal(mine, pthread_self()) != 0
    }

    func newIdentity() -> UInt {
        guard isScheduled else {
            made += 1
            return UInt(1 << 32 + made)
        }
        madeInOperation[running] += 1
        let place = (running + 1) << 16 + execution.operation[running]
        return UInt(place << 40 + madeInOperation[running])
    }

    func forget(_ object: UInt) {
        if isScheduled { execution.forget(object) }
    }

    func mark() -> UInt64 { isScheduled ? execution.mark(of: running) : 0 }

    func forget(since mark: UInt64, but rest: Int) {
        if isScheduled { execution.forget(since: mark, but: rest, of: running) }
    }

    func step(_ step: ScheduledStep) {
        if isNotingLeftOut { objectsLeftOut.insert(step.object) }
        guard isScheduled, !objectsLeftOut.contains(step.object) else { return }
        let me = running
        search.note(step, of: me, at: execution.place(of: me))
        if step.kind == .unlock || step.kind == .signal { return execution.give(step, by: me) }
        execution.stand(me, before: step)
        let next = choose()
        guard next != me else { return }
        hand(to: next)
        turns[me].wait()
    }

    private func choose() -> Int {
        do {
            let next = try search.choose(in: execution)
            if let step = execution.pending[next] {
                // Again: what a step touches may depend on what it finds.
                search.note(step, of: next, at: execution.place(of: next))
            }
            execution.take(next)
            return next
        } catch {
            fail("\(error)")
        }
    }

    private func hand(to thread: Int) {
        running = thread
        turns[thread].signal()
    }

    private func end(_ thread: Int) {
        execution.end(thread)
        if execution.isAlive.contains(true) {
            hand(to: choose())
        } else {
            running = -1
            ended.signal()
        }
    }

    /// Reports what is wrong, with the schedule that led there, and ends the process.
    func fail(_ what: String) -> Never {
        print("\(program): \(what)")
        print("  after \(search.executions + 1) executions; the schedule, a thread a step:")
        print("  --replay " + schedule.map(String.init).joined(separator: ","))
        for (place, taken) in execution.taken.enumerated() {
            let step = taken.step.map { "\($0.kind.rawValue) \($0.object)" } ?? "begins"
            print("    \(place) thread \(taken.thread) \(step)")
        }
        for thread in execution.pending.indices where execution.isAlive[thread] {
            let step =
                execution.pending[thread].map { "\($0.kind.rawValue) \($0.object)" } ?? "runs"
            print("    thread \(thread) stands before: \(step)")
        }
        exit(1)
    }
}
