import Foundation
import IOStack

/// Runs a program of a few threads in every order of their steps that can make a difference.
///
/// ``Search`` goes through the orders in what ``Knowledge`` knows of the threads. Where that ends,
/// an execution of the real threads begins anew, takes the same way, and shows what comes then.
///
/// One thread runs at a time, and whoever runs owns all members.
@safe
final class Explorer: StepScheduler, @unchecked Sendable {
    let knowledge = Knowledge()
    let search: Search
    private(set) var longest = 0
    private(set) var executions = 0
    private(set) var objectsLeftOut: Set<UInt> = []

    private var execution: Execution
    private var crew: Crew?
    /// nil: the main thread, whose steps are none of the search.
    private var running: Int?
    /// The threads have no other way to what a program made: it goes away on the main thread.
    private var bodies: [@Sendable () -> Void] = []
    private var isNotingLeftOut = false
    /// Things made before the threads began.
    private var made = 0
    /// Things that the running thread made since its last step.
    private var madeSinceStep = 0
    private let program: String
    private let replayed: [Int]?
    /// The first choices of the execution under way.
    private var given: [Int] = []
    /// Executions by chance, before the search: so many in a row have to teach nothing.
    private var toLearn: Int
    private let enoughToLearn: Int
    private var chance = Chance()
    /// In how many steps by chance another thread goes on.
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

    /// The schedule so far, as `--replay` takes it.
    var schedule: [Int] { execution.taken.map(\.thread) }

    // MARK: One execution

    /// Before the things of an execution are made. False: nothing is left to try.
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
        // It was executed, and nobody knows what came of it.
        if executions > 0, !before.isEmpty, before == next { fail("not repeatable: \(next)") }
        given = next
        return true
    }

    /// All that must hold at the end was looked at.
    func noteEnd() { search.noteEnd(execution.state) }

    /// Runs `bodies` on a thread each, along what is given.
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

    /// Steps of `body`'s locks and words are none of the search: they commute in this program.
    func leaveOut(_ body: () -> Void) {
        isNotingLeftOut = true
        body()
        isNotingLeftOut = false
    }

    /// The running thread begins an operation and remembers nothing of the one before.
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
        // After the way of its maker, so that what the maker has forgotten makes no difference.
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

    /// Reports what is wrong, with the schedule that led there, and ends the process.
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
