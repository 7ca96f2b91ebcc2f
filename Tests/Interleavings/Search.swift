import IOStack

/// The orders tried and those left to try, within the transitions that ``Knowledge`` knows. Where
/// that knowledge ends, the search asks for an execution.
///
/// It does not enter a known state again. In each state it tries a persistent set of threads, and
/// sleep sets leave out orders of steps that commute (Godefroid, 1996). docs/testing.md explains
/// why that misses nothing.
final class Search {
    /// How often the search started over, because a thread touched an object that the search
    /// assumed it would not.
    private(set) var restarts = 0
    let maxPreemptions: Int?
    /// False: try each thread in each state, to prove that leaving orders out misses nothing.
    private let isReduced: Bool
    private let knowledge: Knowledge
    private let start: ProgramState
    private var seen = SeenStates()
    private var path: [Node] = []
    /// Final states that an execution has reached.
    private var checked: Set<UInt64> = []
    /// The number of states when a wrong assumption about touches came to light.
    private var statesWhenMistaken: Int?

    init(from start: ProgramState, _ knowledge: Knowledge, maxPreemptions: Int?, isReduced: Bool) {
        self.start = start
        self.knowledge = knowledge
        self.maxPreemptions = maxPreemptions
        self.isReduced = isReduced
    }

    var states: Int { seen.count }
    /// The number of reached states in which all threads have ended.
    var ends: Int { checked.count }

    private func begin() {
        path = []
        seen = SeenStates()
        statesWhenMistaken = nil
        knowledge.beginSearch()
        enter(start, asleep: Threads(), last: nil)
    }

    /// Notes that an execution ended in this state without a fault.
    func noteEnd(_ state: ProgramState) { checked.insert(state.fingerprint) }

    /// Searches until it needs an execution, and returns the first choices for it; nil: no order is
    /// left to try.
    func nextSchedule() -> [Int]? {
        if states == 0 { begin() }
        while true {
            while let node = path.last {
                if isToBeginAnew { break }
                if let schedule = step(from: node) { return schedule }
            }
            guard knowledge.isSearchMistaken, maxPreemptions == nil else { return nil }
            restarts += 1
            begin()
        }
    }

    /// Delayed, because the next executions may teach more.
    private var isToBeginAnew: Bool {
        guard knowledge.isSearchMistaken, maxPreemptions == nil else { return false }
        let when = statesWhenMistaken ?? states
        statesWhenMistaken = when
        return states > 2 * when + 1000
    }

    /// Tries one thread from the last node, or gives up the node. Returns a schedule whose outcome
    /// is unknown.
    private func step(from node: Node) -> [Int]? {
        let top = path.count - 1
        if node.toTry.isEmpty {
            if node.state.enabled(knowledge).isEmpty,
                !node.state.haveAllEnded(knowledge)
                    || !checked.contains(node.state.fingerprint)
            {
                return schedule
            }
            path.removeLast()
            return nil
        }
        let last = node.last ?? (top > 0 ? path[top - 1].chosen : nil)
        guard
            let thread = last.flatMap({ node.toTry.contains($0) ? $0 : nil }) ?? node.toTry.first
        else { return nil }
        let stands = node.state.threads[thread]
        let object = knowledge.threadStates[stands].object
        guard
            let transition = knowledge.transition(
                from: stands,
                finding: knowledge.threadStates[stands].next == .begin
                    ? 0 : node.state.content(of: object, knowledge))
        else { return schedule + [thread] }
        path[top].toTry.remove(thread)
        path[top].chosen = thread
        var next = node.state
        next.threads[thread] = transition.end
        for change in transition.changes { next.apply(change, knowledge) }
        let asleep = sleepers(
            among: node.asleep, in: next, after: transition, on: object,
            isBegin: knowledge.threadStates[stands].next == .begin)
        path[top].asleep.insert(thread)
        enter(next, asleep: asleep, last: thread)
        return nil
    }

    private var schedule: [Int] { path.dropLast().compactMap(\.chosen) }

    private func enter(_ state: ProgramState, asleep: Threads, last: Int?) {
        if let maxPreemptions { return enterBounded(state, last, maxPreemptions) }
        var asleep = isReduced ? asleep : Threads()
        let toTry: Threads
        var isEnd = false
        let fingerprint = state.fingerprint
        if let before = seen.enter(fingerprint, asleep: asleep) {
            toTry = before.subtracting(asleep)
            asleep = asleep.intersection(before)
            if toTry.isEmpty { return }
        } else {
            let enabled = state.enabled(knowledge)
            isEnd = enabled.isEmpty
            let enough =
                isReduced
                ? knowledge.enough(in: state, enabled: enabled, preferring: last) : enabled
            toTry = enough.subtracting(asleep)
        }
        guard !toTry.isEmpty || isEnd else { return }
        path.append(Node(state: state, toTry: toTry, asleep: asleep))
    }

    /// The same with a bound on preemptions: tries all orders of steps that leave a runnable thread
    /// only so often.
    private func enterBounded(_ state: ProgramState, _ last: Int?, _ bound: Int) {
        let used = path.last.map { $0.preemptions + ($0.isPreempted ? 1 : 0) } ?? 0
        var fingerprint = Fingerprint(Int(truncatingIfNeeded: state.fingerprint))
        fingerprint.add(last ?? -1)
        fingerprint.add(used)
        guard seen.enter(fingerprint.value, asleep: Threads()) == nil else { return }
        let enabled = state.enabled(knowledge)
        let goesOn = last.flatMap { enabled.contains($0) ? $0 : nil }
        var toTry = enabled
        if let goesOn, used == bound {
            toTry = Threads()
            toTry.insert(goesOn)
        }
        path.append(
            Node(
                state: state, toTry: toTry, asleep: Threads(), last: goesOn, preemptions: used))
    }

    /// Threads whose step was tried in the state before and commutes with the step taken there.
    private func sleepers(
        among asleep: Threads, in state: ProgramState, after transition: Transition,
        on object: Int, isBegin: Bool
    ) -> Threads {
        var left = asleep
        for thread in asleep {
            let stands = state.threads[thread]
            // The thread has not moved: it is still in the same state.
            guard !isBegin, case .step = knowledge.threadStates[stands].next,
                knowledge.threadStates[stands].object == object
            else { continue }
            let part = knowledge.part(of: stands, finding: state.content(of: object, knowledge))
            if part.conflicts(with: transition.part) { left.remove(thread) }
        }
        return left
    }
}
