import Foundation
import IOStack

/// Runs a program of a few threads in every order of their steps that can make a difference.
///
/// Depth first: each execution begins anew and repeats the choices that led to the last state where
/// something is left to try. ``Search`` decides what that is.
///
/// One thread runs at a time, and whoever runs owns all members.
@safe
final class Explorer: StepScheduler, @unchecked Sendable {
    private(set) var search: Search
    private(set) var longest = 0
    private(set) var objectsLeftOut: Set<UInt> = []

    private var execution = Execution(threads: 0)
    private var crew: Crew?
    /// nil: the main thread, whose steps are none of the search.
    private var running: Int?
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
        madeInOperation = Array(repeating: 0, count: bodies.count)
        search.begin()
        self.bodies = bodies
        if crew == nil {
            crew = Crew(of: bodies.count) { [unowned self] number in
                self.bodies[number]()
                end(number)
            }
        }
        handOver(from: nil, to: choose())
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
        guard let running else { return }
        madeInOperation[running] = 0
        execution.begin(operation, of: running)
    }

    // MARK: What the state machine tells

    func newIdentity() -> UInt {
        guard let running else {
            made += 1
            return UInt(1 << 32 + made)
        }
        madeInOperation[running] += 1
        let place = (running + 1) << 16 + execution.operation[running]
        return UInt(place << 40 + madeInOperation[running])
    }

    func forget(_ object: UInt) {
        if running != nil { execution.forget(object) }
    }

    func mark() -> UInt64 { running.map(execution.mark) ?? 0 }

    func forget(since mark: UInt64, but rest: Int) {
        if let running { execution.forget(since: mark, but: rest, of: running) }
    }

    func step(_ step: ScheduledStep) {
        if isNotingLeftOut { objectsLeftOut.insert(step.object) }
        guard let me = running, !objectsLeftOut.contains(step.object) else { return }
        search.note(step, of: me, at: execution.place(of: me))
        if step.kind == .unlock || step.kind == .signal { return execution.give(step, by: me) }
        execution.stand(me, before: step)
        let next = choose()
        if next != me { handOver(from: me, to: next) }
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

    private func handOver(from: Int?, to: Int?) {
        running = to
        crew?.handOver(from: from, to: to)
    }

    private func end(_ thread: Int) {
        execution.end(thread)
        handOver(from: thread, to: execution.isAlive.contains(true) ? choose() : nil)
    }

    /// Reports what is wrong, with the schedule that led there, and ends the process.
    func fail(_ what: String) -> Never {
        print("\(program): \(what)")
        print("  after \(search.executions + 1) executions; the schedule, a thread a step:")
        print("  --replay " + schedule.map(String.init).joined(separator: ","))
        for (place, taken) in execution.taken.enumerated() {
            let step = taken.kind.map { "\($0.rawValue) \(taken.object)" } ?? "begins"
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
