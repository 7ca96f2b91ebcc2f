import IOStack

/// What executions of a program have shown: the states of its threads, each one's transitions, and
/// what it may still touch.
///
/// A thread finds out about others only by its steps, so what it does next follows from its state
/// and from what its step finds. One execution that takes a transition therefore shows it for all
/// orders in which the thread stands there and finds the same; each further one that takes it has
/// to do the same.
final class Knowledge {
    private var numbers: [UInt: Int] = [:]
    /// What each object held when it was touched first.
    private(set) var first: [Int] = []
    private var isFirstKnown: [Bool] = []

    private(set) var threadStates: [ThreadState] = []
    private var stateNumbers: [UInt64: Int] = [:]
    private var transitions: [[Transition]] = []
    /// Of each thread state, by object: what may be touched from there on.
    private var touches: [[ScheduledPart]] = []
    private var origins: [[Int]] = []
    /// Of each thread state: a search relied on what it may touch.
    private var isReliedOn: [Bool] = []

    /// Transitions seen.
    private(set) var size = 0
    /// Something may be touched from where a search relied on the contrary.
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

    /// What the object holds that an execution touches first.
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

    /// Returns false if it was seen to be another one.
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

    /// Adds to what may be touched from there, and from wherever a thread comes there.
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

    /// What of its object the next step of a thread touches, as far as is known; all of it
    /// otherwise.
    func part(of state: Int, finding content: Int) -> ScheduledPart {
        threadStates[state].part ?? transition(from: state, finding: content)?.part ?? .change
    }

    /// From its state on, a thread may do what does not commute with what touches `part`.
    private func mayMeet(_ object: Int, _ part: ScheduledPart, from state: Int) -> Bool {
        isReliedOn[state] = true
        return object < touches[state].count && touches[state][object].conflicts(with: part)
    }

    /// Threads that it is enough to try in a state: whatever the others do, their steps come to the
    /// same before and after (a persistent set: Godefroid, 1996). The smallest that closure finds.
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
