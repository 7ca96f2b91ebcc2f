import Dispatch
import Foundation
import IOStack

/// Runs a program of a few threads in every order of their steps that can make a difference.
///
/// Stateless search, depth first: each execution begins anew and repeats the choices that led to the
/// last state where something is left to try. Dynamic partial-order reduction (Flanagan and
/// Godefroid, 2005) with sleep sets leaves out orders that differ only in steps that commute; with
/// `maxPreemptions` the search takes, instead of the reduction, every order with at most so many
/// switches away from a thread that could have gone on.
///
/// One thread runs at a time, and whoever runs owns all members; semaphores hand them over.
@safe
final class Explorer: StepScheduler, @unchecked Sendable {
    let maxPreemptions: Int?
    private(set) var executions = 0
    private(set) var redundant = 0
    private(set) var longest = 0
    private(set) var objectsLeftOut: Set<UInt> = []

    private var path: [Node] = []
    private var depth = 0
    private var execution = Execution(threads: 0)
    private var identities: [pthread_t?] = []
    private var turns: [DispatchSemaphore] = []
    private let ended = DispatchSemaphore(value: 0)
    private var running = -1
    /// The threads have no other way to what a program made: it goes away on the main thread.
    private var bodies: [@Sendable () -> Void] = []
    private var isRedundant = false
    private var isNotingLeftOut = false
    private var replayed: [Int]?
    private let program: String

    init(program: String, maxPreemptions: Int?, replay: [Int]? = nil) {
        self.program = program
        self.maxPreemptions = maxPreemptions
        replayed = replay
    }

    /// The schedule so far, as `--replay` takes it.
    var schedule: [Int] { execution.taken.map(\.thread) }

    // MARK: One execution

    /// Runs `bodies` on a thread each, along the path. False when nothing is left to try.
    func run(_ bodies: [@Sendable () -> Void]) -> Bool {
        execution = Execution(threads: bodies.count)
        identities = Array(repeating: nil, count: bodies.count)
        turns = bodies.map { _ in DispatchSemaphore(value: 0) }
        depth = 0
        isRedundant = false
        running = -1
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
        executions += 1
        if isRedundant { redundant += 1 }
        longest = max(longest, execution.taken.count)
        objectsLeftOut = []
        return replayed == nil && backtrack()
    }

    /// Steps of `body`'s locks and words are none of the search: they commute in this program.
    func leaveOut(_ body: () -> Void) {
        isNotingLeftOut = true
        body()
        isNotingLeftOut = false
    }

    func step(_ step: ScheduledStep) {
        if isNotingLeftOut { objectsLeftOut.insert(step.object) }
        guard running >= 0,
            let mine = identities.indices.contains(running) ? identities[running] : nil,
            pthread_equal(mine, pthread_self()) != 0, !objectsLeftOut.contains(step.object)
        else { return }
        let me = running
        if step.kind == .unlock || step.kind == .signal { return execution.give(step, by: me) }
        execution.pending[me] = step
        let next = choose()
        guard next != me else { return }
        hand(to: next)
        turns[me].wait()
    }

    private func hand(to thread: Int) {
        running = thread
        turns[thread].signal()
    }

    private func end(_ thread: Int) {
        execution.isAlive[thread] = false
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
        print("  after \(executions + 1) executions; the schedule, a thread a step:")
        print("  --replay " + schedule.map(String.init).joined(separator: ","))
        for (place, taken) in execution.taken.enumerated() {
            print(
                "    \(place) thread \(taken.thread) \(taken.step.kind.rawValue) \(taken.step.object)"
            )
        }
        for thread in execution.pending.indices where execution.isAlive[thread] {
            let step =
                execution.pending[thread].map { "\($0.kind.rawValue) \($0.object)" } ?? "runs"
            print("    thread \(thread) stands before: \(step)")
        }
        exit(1)
    }

    // MARK: The search

    /// The thread that takes the next step; takes it.
    private func choose() -> Int {
        let enabled = execution.enabled
        guard !enabled.isEmpty else { fail("deadlock: no thread can go on") }
        let next: Int
        if let replayed {
            next = depth < replayed.count ? replayed[depth] : enabled.min() ?? 0
            guard enabled.contains(next) else {
                fail("the schedule does not fit: thread \(next) waits")
            }
            path.append(node(enabled, choosing: next, asleep: []))
        } else if depth < path.count {
            next = path[depth].chosen
            guard path[depth].enabled == enabled else {
                fail("not repeatable: other threads can go on at step \(depth) than before")
            }
        } else {
            next = choice(among: enabled)
        }
        // What leads to the last state with something to try was looked at before.
        if !isRedundant, depth + 1 >= path.count { noteRaces(of: next) }
        execution.take(next)
        depth += 1
        return next
    }

    private func node(_ enabled: Set<Int>, choosing next: Int, asleep: Set<Int>) -> Node {
        let before = path.last
        let isPreemption = before.map { $0.chosen != next && enabled.contains($0.chosen) } ?? false
        return Node(
            enabled: enabled, pending: execution.pending, toTry: [next], asleep: asleep,
            chosen: next, preemptions: (before?.preemptions ?? 0) + (isPreemption ? 1 : 0))
    }

    /// A state that was not there before.
    private func choice(among enabled: Set<Int>) -> Int {
        // Going on with the same thread preempts nobody.
        let last = path.last?.chosen
        func preferred(_ threads: Set<Int>) -> Int? {
            if let last, threads.contains(last) { return last }
            return threads.min()
        }
        guard maxPreemptions == nil else {
            let next = preferred(enabled) ?? 0
            var new = node(enabled, choosing: next, asleep: [])
            let used = new.preemptions
            let mayPreempt = last.map { !enabled.contains($0) } ?? true
            if mayPreempt || used < (maxPreemptions ?? 0) { new.toTry = enabled }
            path.append(new)
            return next
        }
        let asleep = isRedundant ? [] : sleepers()
        guard let next = preferred(enabled.subtracting(asleep)) else {
            // Every order from here on was seen; the threads still have to end.
            if !isRedundant { for thread in enabled { noteRaces(of: thread) } }
            isRedundant = true
            return preferred(enabled) ?? 0
        }
        if !isRedundant { path.append(node(enabled, choosing: next, asleep: asleep)) }
        return next
    }

    /// Threads whose pending step was tried in the state before and commutes with what was done there.
    private func sleepers() -> Set<Int> {
        guard let before = path.last, let done = execution.taken.last else { return [] }
        return before.asleep.subtracting([before.chosen]).filter { thread in
            guard let step = before.pending[thread] else { return true }
            return !step.conflicts(with: done.step)
        }
    }

    /// Where the thread's pending step could have come before an earlier one, both orders are to be tried.
    private func noteRaces(of thread: Int) {
        guard maxPreemptions == nil, replayed == nil, let step = execution.pending[thread] else {
            return
        }
        let clock = execution.clock(of: thread)
        for place in execution.taken.indices.reversed() where place < path.count {
            let other = execution.taken[place]
            guard other.thread != thread, other.step.conflicts(with: step),
                !clock.includes(step: other.number, of: other.thread)
            else { continue }
            let node = path[place]
            var candidates = Set<Int>()
            if node.enabled.contains(thread) { candidates.insert(thread) }
            for later in execution.taken[(place + 1)...]
            where node.enabled.contains(later.thread)
                && clock.includes(step: later.number, of: later.thread)
            {
                candidates.insert(later.thread)
            }
            if candidates.isEmpty {
                path[place].toTry.formUnion(node.enabled)
            } else if candidates.isDisjoint(with: node.toTry) {
                path[place].toTry.insert(
                    candidates.contains(thread) ? thread : candidates.min() ?? thread)
            }
        }
    }

    /// Goes back to the last state where something is left to try.
    private func backtrack() -> Bool {
        while var node = path.popLast() {
            node.asleep.insert(node.chosen)
            let left = node.toTry.subtracting(node.asleep)
            if let next = left.min() {
                let before = path.last
                let isPreemption =
                    before.map { $0.chosen != next && node.enabled.contains($0.chosen) } ?? false
                path.append(
                    Node(
                        enabled: node.enabled, pending: node.pending, toTry: node.toTry,
                        asleep: node.asleep, chosen: next,
                        preemptions: (before?.preemptions ?? 0) + (isPreemption ? 1 : 0)))
                return true
            }
        }
        return false
    }
}
