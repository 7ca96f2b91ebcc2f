import IOStack

/// What was tried and what is left to try.
///
/// States that were seen are not entered again; in each state a persistent set of threads is tried, and
/// sleep sets leave out orders of steps that commute (Godefroid, 1996). docs/testing.md tells why that
/// misses nothing.
struct Search {
    enum Failure: Error, CustomStringConvertible {
        case deadlock
        case waits(thread: Int)
        case unrepeatable(place: Int)

        var description: String {
            switch self {
            case .deadlock: "deadlock: no thread can go on"
            case .waits(let thread): "the schedule does not fit: thread \(thread) waits"
            case .unrepeatable(let place):
                "not repeatable: other threads can go on at step \(place) than before"
            }
        }
    }

    private(set) var executions = 0
    /// How often all was begun anew because an operation touched what it was not known to touch.
    private(set) var restarts = 0
    /// States seen: with the threads that were asleep whenever one was entered.
    private var seen: [UInt64: Threads] = [:]
    private var footprints: Footprints
    private var path: [Node] = []
    private var depth = 0
    /// Nothing new on the way that the execution has taken: the threads only have to end.
    private var isOver = false
    private var hasLearned = false
    private let replayed: [Int]?
    private let threads: Int
    let maxPreemptions: Int?
    /// Executions by chance, before the search, which learn what the operations touch: so many in a row
    /// have to teach nothing.
    private var toLearn: Int
    private let enoughToLearn: Int
    private var chance = SystemRandomNumberGenerator()
    /// In how many steps by chance another thread goes on.
    private var switching = 1

    init(threads: Int, operations: Int, maxPreemptions: Int?, replay: [Int]?) {
        self.maxPreemptions = maxPreemptions
        self.threads = threads
        replayed = replay
        enoughToLearn = maxPreemptions == nil ? 100 * threads * operations * operations : 0
        toLearn = enoughToLearn
        footprints = Footprints(threads: threads, operations: operations)
    }

    var states: Int { seen.count }

    private var isLearning: Bool { toLearn > 0 && replayed == nil }

    mutating func note(_ step: ScheduledStep, of thread: Int, at place: Int) {
        // On the way to what is new all was noted before.
        guard depth >= path.count else { return }
        if footprints.note(step, of: thread, at: place, generously: !isLearning) {
            hasLearned = true
        }
    }

    // MARK: One execution

    mutating func begin() {
        depth = 0
        isOver = false
        if isLearning { switching = [1, 4, 16].randomElement(using: &chance) ?? 1 }
    }

    /// False when nothing is left to try.
    mutating func end() -> Bool {
        executions += 1
        if replayed != nil { return false }
        if isLearning {
            toLearn = hasLearned ? enoughToLearn : toLearn - 1
            hasLearned = false
            return true
        }
        guard hasLearned, maxPreemptions == nil else { return backtrack() }
        hasLearned = false
        restarts += 1
        path = []
        seen = [:]
        return true
    }

    /// The thread that takes the next step.
    mutating func choose(in execution: Execution) throws(Failure) -> Int {
        let enabled = execution.enabled
        guard let first = enabled.first else { throw .deadlock }
        defer { depth += 1 }
        if let replayed {
            guard depth < replayed.count else { return first }
            guard enabled.contains(replayed[depth]) else { throw .waits(thread: replayed[depth]) }
            return replayed[depth]
        }
        if isLearning { return byChance(enabled, after: execution.taken.last?.thread) ?? first }
        if depth < path.count {
            guard path[depth].enabled == enabled else { throw .unrepeatable(place: depth) }
            return path[depth].chosen
        }
        let last = path.last?.chosen
        if !isOver, !hasLearned || maxPreemptions != nil,
            let next = enter(execution, enabled, last)
        {
            return next
        }
        isOver = true
        // Going on with the same thread costs least.
        return execution.taken.last.map(\.thread).flatMap { enabled.contains($0) ? $0 : nil }
            ?? first
    }

    private mutating func byChance(_ enabled: Threads, after last: Int?) -> Int? {
        if let last, enabled.contains(last), Int.random(in: 0..<switching, using: &chance) > 0 {
            return last
        }
        return Array(enabled).randomElement(using: &chance)
    }

    /// A state that the path did not lead to before; nil: nothing is to be tried from there.
    private mutating func enter(
        _ execution: Execution, _ enabled: Threads, _ last: Int?
    ) -> Int? {
        if let maxPreemptions { return enterBounded(execution, enabled, last, maxPreemptions) }
        var asleep = sleepers(execution)
        let toTry: Threads
        let state = execution.state
        if let before = seen[state] {
            toTry = before.subtracting(asleep)
            asleep = asleep.intersection(before)
        } else {
            toTry = footprints.enough(in: execution, enabled: enabled, preferring: last)
                .subtracting(asleep)
        }
        seen[state] = asleep
        guard let next = last.flatMap({ toTry.contains($0) ? $0 : nil }) ?? toTry.first else {
            return nil
        }
        var left = toTry
        left.remove(next)
        path.append(
            Node(
                enabled: enabled, toTry: left, asleep: asleep, chosen: next))
        return next
    }

    /// The same where a thread that can go on is left for another only so often: all orders of such steps.
    private mutating func enterBounded(
        _ execution: Execution, _ enabled: Threads, _ last: Int?, _ bound: Int
    ) -> Int? {
        let used = path.last.map { $0.preemptions + ($0.isPreempted ? 1 : 0) } ?? 0
        var state = Fingerprint(Int(truncatingIfNeeded: execution.state))
        state.add(last ?? -1)
        state.add(used)
        guard seen.updateValue(Threads(), forKey: state.value) == nil else { return nil }
        let mayGoOn = last.map(enabled.contains) ?? false
        guard let next = mayGoOn ? last : enabled.first else { return nil }
        var left = mayGoOn && used == bound ? Threads() : enabled
        left.remove(next)
        path.append(
            Node(
                enabled: enabled, toTry: left, asleep: Threads(), chosen: next,
                last: mayGoOn ? last : nil, preemptions: used))
        return next
    }

    /// Threads whose pending step was tried in the state before and commutes with what was done there.
    private func sleepers(_ execution: Execution) -> Threads {
        guard let before = path.last, let taken = execution.taken.last else { return Threads() }
        return Threads(
            where: { thread in
                guard before.asleep.contains(thread) else { return false }
                // It has not moved: it stands where it stood.
                guard taken.kind != nil, let step = execution.pending[thread] else { return true }
                return step.object != taken.object || !step.touched.conflicts(with: taken.part)
            }, of: threads)
    }

    /// Goes back to the last state where something is left to try.
    private mutating func backtrack() -> Bool {
        while var node = path.popLast() {
            node.asleep.insert(node.chosen)
            guard let next = node.toTry.first else { continue }
            node.toTry.remove(next)
            node.chosen = next
            path.append(node)
            return true
        }
        return false
    }
}
