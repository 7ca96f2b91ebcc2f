import Glibc
import IOStack
import MemoryFileSystem
import TestCoroutines
import TestMessages

@testable import FUSE

/// A history under way: the service and what lies below it, the clients, and beside them the model
/// of what must hold.
///
/// All of it runs on one thread, a coroutine at a time.
final class World: @unchecked Sendable {
    let history: History
    let scheduler: Scheduler
    let below = MemoryFileSystem(on: MemoryDisk())
    let truth: Truth
    private var serving: Life?
    private var kernels: [Int: Kernel] = [:]
    let drainMilliseconds: Int
    /// A filter that changes the bytes on their way stands below all others, in every life.
    let isChanged: Bool

    // What happens.
    private(set) var operations: [Int: Operation] = [:]
    private(set) var events = 0
    var opensBelow = 0
    var isDown = false
    var journal: [String] = []
    /// Prints each message as it is sent.
    var tellsMessages = false
    private var queues: [Int: [Step]] = [:]

    // The model.
    var names: [Name: FileRecord] = [:]
    /// Raised by each change of a name.
    var namesEpoch = 0
    var files: [UInt64: FileRecord] = [:]
    var slots: [Int: Handle] = [:]
    var reserved: Set<Int> = []
    var areNamesLocked = false
    var filters: [Int: SimulatedFilter] = [:]
    var attaches = 0
    var volumeRoutes = VolumeRoutes()
    /// False from when two steps overlap that change routes until the next rest.
    var areRoutesKnown = true
    var innerNode: UInt64 = 0
    /// The directory's name.
    var directory = "d"
    var rests = 0

    init(_ history: History) {
        self.history = history
        scheduler = Scheduler(tasks: Cast.count, seed: history.order)
        truth = Truth(below)
        var chance = Chance(seed: history.seed ^ 0x57_4F_52_4C_44)
        drainMilliseconds = chance.pick([20, 100, 1000])
        isChanged = chance.isOneIn(12)
    }

    /// As programs see a byte that nobody wrote.
    var zero: UInt8 { isChanged ? WatchingFilter.key : 0 }

    /// The process that serves now.
    var life: Life {
        guard let serving else { fail("no service runs") }
        return serving
    }

    // MARK: Running

    /// Runs the history. A broken promise ends the process.
    func run() throws {
        scheduler.report = { [unowned self] in fail($0) }
        unsafe Interleaving.scheduler = scheduler
        try truth.makeDirectory()
        for task in [Cast.director] + Array(Cast.clients) {
            kernels[task] = try Kernel { [unowned self] in
                if tellsMessages { print("\(task) \($0)") }
            } fail: { [unowned self] in
                fail($0)
            }
        }
        try beginLife()
        for client in Cast.clients {
            queues[client] = []
            scheduler.start(client) { [unowned self] in work(client) }
        }
        scheduler.start(Cast.director) { [unowned self] in direct() }
        scheduler.run()
        unsafe Interleaving.scheduler = nil
    }

    private var hasEnded = false

    private func direct() {
        for (place, step) in history.steps.enumerated() {
            if place % 8 == 7 { waitForRest() }
            if step.verb == .kill {
                kill()
                continue
            }
            // A client takes its steps one after the other.
            scheduler.wait { [unowned self] in (queues[step.client]?.count ?? 0) < 2 }
            queues[step.client]?.append(step)
            scheduler.linger { [unowned self] in queues.values.allSatisfy(\.isEmpty) }
        }
        waitForRest()
        hasEnded = true
        end()
    }

    private func work(_ client: Int) {
        while true {
            scheduler.wait { [unowned self] in
                hasEnded || (!isDown && !(queues[client] ?? []).isEmpty)
            }
            guard let step = queues[client]?.first else { return }
            perform(step, as: client)
            queues[client]?.removeFirst()
        }
    }

    private func perform(_ step: Step, as task: Int) {
        let operation = Operation(step, life, began: tick())
        for other in operations.values {
            (other.hadCompany, operation.hadCompany) = (true, true)
            if other.changesRoutes { operation.overlaps = true }
            if step.verb.changesRoutes { other.overlaps = true }
            if step.verb.changesRoutes, other.changesRoutes { areRoutesKnown = false }
        }
        if scheduler.busy(from: Cast.spares) > 0 {
            (operation.overlaps, operation.hadCompany) = (true, true)
            if step.verb.changesRoutes { areRoutesKnown = false }
        }
        operations[task] = operation
        let result = run(operation)
        operations[task] = nil
        journal.append("\(step) -> \(result)")
        if operation.life === life, !operation.life.isDead { checkAtRest() }
    }

    /// Waits until no request is under way, and no thread of the service runs.
    func waitForRest() {
        scheduler.wait { [unowned self] in
            operations.isEmpty && queues.values.allSatisfy(\.isEmpty)
                && scheduler.busy(from: Cast.spares) == 0
        }
    }

    func tick() -> Int {
        events += 1
        return events
    }

    /// The step of the running task.
    var current: Operation? { scheduler.running.flatMap { operations[$0] } }

    /// Steps overlap a change of routes that no step makes: a RELEASE that comes late.
    func overlapAll() {
        current?.changesRoutes = true
        guard operations.count > 1 else { return }
        for operation in operations.values { operation.overlaps = true }
        areRoutesKnown = false
    }

    var kernel: Kernel {
        guard let kernel = kernels[scheduler.running ?? Cast.director] else {
            fail("a task without a kernel sends a request")
        }
        return kernel
    }

    func beginLife() throws {
        let life = try Life(self)
        serving = life
        kernel.negotiate(life)
        _ = try life.manager.filterManager.attach(
            life.manager.filterManager.register(WatchingFilter(world: self).registration),
            to: life.volume)
        let inner = kernel.ask(life, .lookup, 1, Body.name(directory))
        demand(inner.errno == 0, "the directory is not found: \(inner.errno)")
        innerNode = inner.body.long(0)
        (volumeRoutes, areRoutesKnown, filters) = (VolumeRoutes(), true, [:])
    }

    // MARK: Faults

    func demand(_ isKept: Bool, _ promise: @autoclosure () -> String) {
        guard isKept else { fail(promise()) }
    }

    func fail(_ what: String) -> Never {
        print("broken: \(what)")
        for line in journal.suffix(12) { print("  \(line)") }
        for (task, operation) in operations.sorted(by: { $0.key < $1.key }) {
            let mark = task == scheduler.running ? "here" : "under way"
            print("  \(operation.step) -- \(mark)")
        }
        flush()
        exit(1)
    }
}

extension Verb {
    /// It may change which route reads take, or what controls answer.
    var changesRoutes: Bool {
        switch self {
        case .open, .create, .close, .control, .attach, .detach, .veto, .unveto, .pause, .resume,
            .withdraw, .restore, .volumePause, .volumeResume, .suspend, .endSuspension, .kill:
            true
        default: false
        }
    }
}

/// Writes out what was printed: a process that ends at once would lose it.
func flush() { fflush(nil) }
