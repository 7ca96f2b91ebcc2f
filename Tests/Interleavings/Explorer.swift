import Foundation
import IOStack
import TestCoroutines

/// Runs a program of a few threads in every order of their steps that can make a difference.
///
/// ``Search`` walks through the orders in the transitions that ``Knowledge`` knows. Where that
/// knowledge ends, an execution of the real threads starts over, takes the same way, and shows the
/// next transition.
///
/// One thread runs at a time; the running thread owns all members.
@safe
final class Explorer: StepScheduler, @unchecked Sendable {
    let knowledge = Knowledge()
    let search: Search
    private(set) var longest = 0
    private(set) var executions = 0
    private(set) var objectsLeftOut: Set<UInt> = []

    private var execution: Execution
    private var crew: Crew?
    /// nil: the main thread, whose steps are not part of the search.
    private var running: Int?
    /// The only references of the threads to the program's objects, so that those go away on the
    /// main thread.
    private var bodies: [@Sendable () -> Void] = []
    private var isNotingLeftOut = false
    /// The number of objects made before the threads began.
    private var made = 0
    /// The number of objects that the running thread made since its last step.
    private var madeSinceStep = 0
    private let program: String
    private let replayed: [Int]?
    /// The first choices of the execution under way.
    private var given: [Int] = []
    /// The number of random executions before the search: so many in a row must teach nothing new.
    private var toLearn: Int
    private let enoughToLearn: Int
    private var chance = Chance()
    /// In random executions, another thread goes on after one step in `switching`.
    private var switching = 1

    init(
        program: String, threads: Int, operations: Int, maxPreemptions: Int?, isReduced: Bool,
        replay: [Int]? = nil
    ) {
        self.program = program
        replayed = replay
        enoughToLearn = 200 * threads * operations
        toLearn = enoughToLearn
        execution = Execution(threads: threads, knowledge)
        search = Search(
            from: execution.state, knowledge, maxPreemptions: maxPreemptions, isReduced: isReduced)
    }

    /// The schedule so far, in the form that `--replay` takes.
    var schedule: [Int] { execution.taken.map(\.thread) }

    // MARK: One execution

    /// Call before making the objects of an execution. False: no order is left to try.
    func prepare() -> Bool {
        made = 0
        objectsLeftOut = []
        switching = [1, 4, 16].randomElement(using: &chance) ?? 1
        if let replayed {
            given = replayed
            return executions == 0
        }
        if toLearn > 0 {
            given = []
            toLearn -= 1
            return true
        }
        let before = given
        guard let next = search.nextSchedule() else { return false }
        // The schedule was executed, but its outcome stayed unknown.
        if executions > 0, !before.isEmpty, before == next { fail("not repeatable: \(next)") }
        given = next
        return true
    }

    /// Call after all checks at the end of an execution.
    func noteEnd() { search.noteEnd(execution.state) }

    /// Runs each of `bodies` on a thread, along the given choices.
    func run(_ bodies: [@Sendable () -> Void]) {
        execution = Execution(threads: bodies.count, knowledge)
        let known = knowledge.size
        self.bodies = bodies
        if crew == nil {
            crew = Crew(of: bodies.count) { [unowned self] number in
                self.bodies[number]()
                end(number)
            }
        }
        handOver(from: nil, to: choose())
        self.bodies = []
        executions += 1
        longest = max(longest, execution.taken.count)
        if toLearn > 0, knowledge.size > known { toLearn = enoughToLearn }
    }

    /// Leaves the steps of `body` out of the search: they commute in this program.
    func leaveOut(_ body: () -> Void) {
        isNotingLeftOut = true
        body()
        isNotingLeftOut = false
    }

    /// Begins an operation of the running thread, which forgets the operation before.
    func begin(operation: Int) {
        guard let running else { return }
        execution.begin(operation, of: running)
    }

    // MARK: What the state machine tells

    func newIdentity() -> UInt {
        guard let running else {
            made += 1
            return UInt(1 << 32 + made)
        }
        // Depends on its maker's way, so that what the maker has forgotten makes no difference.
        madeSinceStep += 1
        var name = Fingerprint(Int(truncatingIfNeeded: execution.mark(of: running)))
        name.add(running)
        name.add(madeSinceStep)
        return UInt(name.value)
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
        if step.kind == .unlock || step.kind == .signal { return execution.give(step, by: me) }
        demand { () throws(Execution.Failure) in try execution.stand(me, before: step) }
        let next = choose()
        if next != me { handOver(from: me, to: next) }
    }

    private func demand(_ body: () throws(Execution.Failure) -> Void) {
        do throws(Execution.Failure) {
            try body()
        } catch {
            fail("\(error)")
        }
    }

    private func choose() -> Int {
        let enabled = execution.state.enabled(knowledge)
        guard let first = enabled.first else { fail("deadlock: no thread can go on") }
        let depth = execution.taken.count
        let next: Int
        if depth < given.count {
            next = given[depth]
            guard enabled.contains(next) else {
                fail("the schedule does not fit: thread \(next) waits")
            }
        } else {
            next = byChance(enabled, after: execution.taken.last?.thread) ?? first
        }
        madeSinceStep = 0
        demand { () throws(Execution.Failure) in try execution.take(next) }
        return next
    }

    private func byChance(_ enabled: Threads, after last: Int?) -> Int? {
        if let last, enabled.contains(last),
            replayed != nil || Int.random(in: 0..<switching, using: &chance) > 0
        {
            return last
        }
        return Array(enabled).randomElement(using: &chance)
    }

    private func handOver(from: Int?, to: Int?) {
        running = to
        crew?.handOver(from: from, to: to)
    }

    private func end(_ thread: Int) {
        demand { () throws(Execution.Failure) in try execution.end(thread) }
        handOver(
            from: thread, to: execution.state.haveAllEnded(knowledge) ? nil : choose())
    }

    /// Reports the fault, with the schedule that led to it, and ends the process.
    func fail(_ what: String) -> Never {
        print("\(program): \(what)")
        print("  after \(executions + 1) executions; the schedule, a thread a step:")
        print("  --replay " + schedule.map(String.init).joined(separator: ","))
        for (place, taken) in execution.taken.enumerated() {
            let step = taken.kind.map { "\($0.rawValue) \(taken.object)" } ?? "begins"
            print("    \(place) thread \(taken.thread) \(step)")
        }
        for (thread, step) in execution.pending.enumerated() {
            guard let step else { continue }
            print("    thread \(thread) stands before: \(step.kind.rawValue) \(step.object)")
        }
        exit(1)
    }
}
