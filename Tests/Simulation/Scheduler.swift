import Glibc
import IOStack
import TestCoroutines

/// Decides by its seed which task of a history goes on: at each step that others can see, at each
/// wait, and at each call below the service. All tasks are coroutines of one thread, so the same
/// seed takes the same way.
///
/// Time passes where every task sleeps, and then until the first of them wakes.
@safe
final class Scheduler: StepScheduler, @unchecked Sendable {
    /// Why a task does not run.
    private enum Standing {
        case idle, ready
        case lock(UInt), signal(UInt)
        case signalOrTime(UInt, UInt64)
        case time(UInt64)
        case condition(() -> Bool)
    }

    private var crew: Crew?
    private var standing: [Standing]
    private var bodies: [(() -> Void)?]
    /// nil: the process' own coroutine, before and after the history.
    private(set) var running: Int?
    private var owners: [UInt: Int] = [:]
    private var signals: [UInt: Int] = [:]
    private var atomic: [Int]
    private var chance: Chance
    /// Another task goes on after one step in so many.
    private let switching: Int
    /// How long the director waits between two steps; 0: until the first is over.
    private let haste: Int
    private var identities: UInt = 0
    private var time: UInt64 = 1
    /// Decisions so far: two runs that decide alike have the same.
    private(set) var decisions: UInt64 = 0
    private(set) var trail: UInt64 = 0
    /// Gets faults: what no history may bring about.
    var report: (String) -> Void = { print($0) }

    init(tasks: Int, seed: UInt64) {
        standing = Array(repeating: .idle, count: tasks)
        bodies = Array(repeating: nil, count: tasks)
        atomic = Array(repeating: 0, count: tasks)
        chance = Chance(seed: seed)
        switching = chance.pick([1, 2, 4, 16, 64])
        haste = chance.pick([0, 0, 1, 2, 8, 32])
        crew = Crew(of: tasks) { [unowned self] task in
            bodies[task].take()?()
            standing[task] = .idle
            handOver(from: task, to: choose(orEnd: true))
        }
    }

    // MARK: Tasks

    func start(_ task: Int, _ body: @escaping () -> Void) {
        bodies[task] = body
        standing[task] = .ready
    }

    /// Runs `body` on a task that has nothing to do.
    func startSpare(from first: Int, _ body: @escaping () -> Void) {
        let spare = standing.indices.dropFirst(first).first { task in
            if case .idle = standing[task] { bodies[task] == nil } else { false }
        }
        guard let spare else { fail("the simulation has no task left") }
        start(spare, body)
    }

    /// Tasks from `first` on that have not ended.
    func busy(from first: Int) -> Int {
        standing.dropFirst(first).count { if case .idle = $0 { false } else { true } }
    }

    /// Runs all tasks to their ends.
    func run() { handOver(from: nil, to: choose(orEnd: true)) }

    /// Locks that are held: nothing may be asked that takes one of them.
    var heldLocks: Int { owners.count }

    /// Lets another task go on, perhaps.
    func pass() {
        guard let running else { return }
        mayHandOver(running)
    }

    /// Lets others go on between two steps. `isOver`: nothing of the steps so far is left to do.
    func linger(until isOver: @escaping () -> Bool) {
        guard haste > 0 else { return wait(until: isOver) }
        for _ in 0..<chance.below(2 * haste) { pass() }
    }

    func wait(until condition: @escaping () -> Bool) {
        while !condition() { block(.condition(condition)) }
    }

    func sleep(milliseconds: Int) {
        let end = time + UInt64(milliseconds) * 1_000_000
        while time < end { block(.time(end)) }
    }

    /// Runs `body` without letting another task go on, as a call of a kernel does.
    func atomically<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
        guard let task = running else { return try body() }
        atomic[task] += 1
        defer { atomic[task] -= 1 }
        return try body()
    }

    // MARK: What the stack tells

    var now: UInt64? { time }

    func newIdentity() -> UInt {
        identities += 1
        return identities
    }

    func mark() -> UInt64 { 0 }
    func forget(since mark: UInt64, but rest: Int) {}
    func forget(_ object: UInt) { signals[object] = nil }

    func step(_ step: ScheduledStep) {
        switch step.kind {
        case .unlock: owners[step.object] = nil
        case .signal: signals[step.object, default: 0] += 1
        default:
            guard let running else { return }
            take(step, running)
        }
    }

    private func take(_ step: ScheduledStep, _ task: Int) {
        mayHandOver(task)
        switch step.kind {
        case .lock, .peek:
            while let owner = owners[step.object] {
                if owner == task { fail("a task takes a lock that it holds") }
                block(.lock(step.object))
            }
            if step.kind == .lock { owners[step.object] = task }
        case .wait:
            while signals[step.object, default: 0] == 0 { block(.signal(step.object)) }
            signals[step.object, default: 0] -= 1
        default: break
        }
    }

    func sleep(on semaphore: UInt, until end: UInt64) -> Bool {
        mayHandOver(running ?? 0)
        while signals[semaphore, default: 0] == 0 {
            guard time < end else { return false }
            block(.signalOrTime(semaphore, end))
        }
        signals[semaphore, default: 0] -= 1
        return true
    }

    func spawn(_ body: @escaping @Sendable () -> Void) { startSpare(from: Cast.spares, body) }

    private func fail(_ what: String) -> Never {
        report(what)
        exit(1)
    }

    // MARK: Choosing

    private func mayHandOver(_ task: Int) {
        guard atomic[task] == 0, chance.isOneIn(switching) else { return }
        standing[task] = .ready
        let next = choose()
        if next != task { handOver(from: task, to: next) }
    }

    private func block(_ why: Standing) {
        guard let task = running else { fail("nobody runs whom this wait could let go on") }
        standing[task] = why
        let next = choose()
        if next != task { handOver(from: task, to: next) }
    }

    private func choose() -> Int {
        guard let next = choose(orEnd: false) else { fail("no task can go on") }
        return next
    }

    private func choose(orEnd: Bool) -> Int? {
        while true {
            let ready = standing.indices.filter { isReady(standing[$0]) }
            if !ready.isEmpty {
                let next = chance.pick(ready)
                decisions += 1
                trail = Chance.scatter(trail ^ UInt64(next))
                standing[next] = .ready
                return next
            }
            let ends = standing.compactMap { end(of: $0) }
            if let first = ends.min() {
                time = first
                continue
            }
            let haveEnded = standing.allSatisfy { if case .idle = $0 { true } else { false } }
            guard orEnd, haveEnded else {
                fail("no task can go on: \(standing.map { "\($0)" })")
            }
            return nil
        }
    }

    private func isReady(_ standing: Standing) -> Bool {
        switch standing {
        case .idle: false
        case .ready: true
        case .lock(let object): owners[object] == nil
        case .signal(let object): signals[object, default: 0] > 0
        case .signalOrTime(let object, let end): signals[object, default: 0] > 0 || time >= end
        case .time(let end): time >= end
        case .condition(let holds): holds()
        }
    }

    private func end(of standing: Standing) -> UInt64? {
        switch standing {
        case .signalOrTime(_, let end), .time(let end): end
        default: nil
        }
    }

    private func handOver(from: Int?, to: Int?) {
        running = to
        crew?.handOver(from: from, to: to)
    }
}

/// Who takes part in a history, by the numbers of their tasks.
enum Cast {
    static let director = 0
    static let clients = 1...4
    /// From here on: threads that the service starts, and filters that give requests back.
    static let spares = 5
    static let count = 40
}
