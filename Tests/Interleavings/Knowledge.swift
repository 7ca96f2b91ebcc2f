import IOStack

/// What the executions of a program have shown: the states of its threads, the transitions of each
/// thread, and the objects it may still touch.
///
/// A thread learns about others only by its steps, so its next action follows from its state and
/// from what its step finds. A single execution of a transition therefore shows it for all orders
/// in which the thread is in that state and finds the same; each further execution has to agree.
final class Knowledge {
    private var numbers: [UInt: Int] = [:]
    /// The content of each object when a step first touched it.
    private(set) var first: [Int] = []
    private var isFirstKnown: [Bool] = []

    private(set) var threadStates: [ThreadState] = []
    private var stateNumbers: [UInt64: Int] = [:]
    private var transitions: [[Transition]] = []
    /// For each thread state, by object: the parts that the thread may touch from there on.
    private var touches: [[ScheduledPart]] = []
    private var origins: [[Int]] = []
    /// For each thread state: whether a search relied on the touches known.
    private var isReliedOn: [Bool] = []

    /// The number of transitions seen.
    private(set) var size = 0
    /// A thread may touch an object from a state where a search relied on the contrary.
    var isSearchMistaken = false

    // MARK: Objects

    func number(of object: UInt) -> Int {
        if let known = numbers[object] { return known }
        let number = first.count
        numbers[object] = number
        first.append(0)
        isFirstKnown.append(false)
        return number
    }

    /// Notes the content of an object that an execution touches for the first time.
    func noteFirst(_ content: Int, of object: Int) {
        guard !isFirstKnown[object] else { return }
        isFirstKnown[object] = true
        first[object] = content
    }

    // MARK: Threads

    func number(of state: ThreadState, thread: Int) -> Int {
        var key = Fingerprint(Int(truncatingIfNeeded: state.history))
        key.add(thread)
        key.add(state.object)
        if case .step(let kind) = state.next { key.add(kind.hashValue) }
        if let known = stateNumbers[key.value] { return known }
        let number = threadStates.count
        stateNumbers[key.value] = number
        threadStates.append(state)
        transitions.append([])
        touches.append([])
        origins.append([])
        isReliedOn.append(false)
        return number
    }

    func transition(from state: Int, finding content: Int) -> Transition? {
        transitions[state].first { $0.found == content }
    }

    /// Returns false if the transition differs from the one seen before.
    func note(_ transition: Transition, from state: Int) -> Bool {
        if let known = self.transition(from: state, finding: transition.found) {
            return known == transition
        }
        transitions[state].append(transition)
        size += 1
        if !origins[transition.end].contains(state) { origins[transition.end].append(state) }
        var parts = touches[transition.end]
        if threadStates[state].next != .begin {
            let object = threadStates[state].object
            Self.extend(&parts, to: object)
            parts[object].formUnion(transition.part)
        }
        for object in transition.changes.compactMap(\.letsOthersGoOn) {
            Self.extend(&parts, to: object)
            parts[object].formUnion(.change)
        }
        touch(parts, from: state)
        return true
    }

    private static func extend(_ parts: inout [ScheduledPart], to object: Int) {
        guard parts.count <= object else { return }
        parts += Array(repeating: ScheduledPart(), count: object + 1 - parts.count)
    }

    /// Adds to the parts that a thread may touch from this state, and from each state before it.
    private func touch(_ parts: [ScheduledPart], from state: Int) {
        var toVisit = [state]
        while let state = toVisit.popLast() {
            var hasGrown = false
            Self.extend(&touches[state], to: parts.count - 1)
            for (object, part) in parts.enumerated() where !touches[state][object].contains(part) {
                touches[state][object].formUnion(part)
                hasGrown = true
            }
            guard hasGrown else { continue }
            if isReliedOn[state] { isSearchMistaken = true }
            toVisit += origins[state]
        }
    }

    func beginSearch() {
        isSearchMistaken = false
        isReliedOn = Array(repeating: false, count: isReliedOn.count)
    }

    // MARK: Independence

    /// The part of its object that a thread's next step touches; the whole object if unknown.
    func part(of state: Int, finding content: Int) -> ScheduledPart {
        threadStates[state].part ?? transition(from: state, finding: content)?.part ?? .change
    }

    /// Whether a thread may, from its state on, take a step that does not commute with a touch of
    /// `part`.
    private func mayMeet(_ object: Int, _ part: ScheduledPart, from state: Int) -> Bool {
        isReliedOn[state] = true
        return object < touches[state].count && touches[state][object].conflicts(with: part)
    }

    /// A sufficient set of threads to try in a state: whatever the other threads do, their steps
    /// commute with these (a persistent set: Godefroid, 1996). Returns the smallest set that
    /// closure finds.
    func enough(in state: ProgramState, enabled: Threads, preferring last: Int?) -> Threads {
        var best = enabled
        for thread in enabled where best.count > 1 {
            let found = closure(of: thread, in: state).intersection(enabled)
            if found.count < best.count
                || (found.count == best.count && last.map(found.contains) ?? false)
            {
                best = found
            }
        }
        return best
    }

    private func closure(of thread: Int, in state: ProgramState) -> Threads {
        var set = Threads()
        set.insert(thread)
        var toLookAt = set
        while let member = toLookAt.first {
            toLookAt.remove(member)
            let stands = state.threads[member]
            guard case .step = threadStates[stands].next else { continue }
            let object = threadStates[stands].object
            let part = part(of: stands, finding: state.content(of: object, self))
            for other in state.threads.indices where !set.contains(other) {
                guard mayMeet(object, part, from: state.threads[other]) else { continue }
                set.insert(other)
                toLookAt.insert(other)
            }
        }
        return set
    }
}
