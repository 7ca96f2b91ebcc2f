import IOStack

/// What each operation of each thread was ever seen to touch, in this search and before.
struct Footprints {
    /// Of each thread, by object: of each place on its way and those after it.
    private var touches: [[UInt: [ScheduledPart]]]
    private let places: Int

    init(threads: Int, operations: Int) {
        touches = Array(repeating: [:], count: threads)
        places = operations * Self.steps
    }

    /// Places that are told apart within an operation; those beyond count as the last.
    private static let steps = 64

    static func place(operation: Int, step: Int) -> Int {
        operation * steps + min(step, steps - 1)
    }

    /// Returns whether that was not known. `generously`, it counts until the operation's end then, since
    /// the thread may well come to it a few steps later: too much known costs orders, too little the whole
    /// search.
    mutating func note(
        _ step: ScheduledStep, of thread: Int, at place: Int, generously: Bool
    ) -> Bool {
        let part = step.touched
        if let known = touches[thread][step.object], known[place].contains(part) { return false }
        let last = generously ? place | (Self.steps - 1) : place
        let none = Array(repeating: ScheduledPart(), count: places)
        for earlier in 0...last {
            touches[thread][step.object, default: none][earlier].formUnion(part)
        }
        return true
    }

    /// From its place on, `thread` may do what does not commute with what touches `part`.
    private func mayMeet(
        _ object: UInt, _ part: ScheduledPart, _ thread: Int, from place: Int
    ) -> Bool {
        touches[thread][object]?[place].conflicts(with: part) ?? false
    }

    /// Threads that it is enough to try in a state: whatever the others do, their steps come to the same
    /// before and after (a persistent set: Godefroid, 1996). The smallest that closure finds.
    func enough(in execution: Execution, enabled: Threads, preferring last: Int?) -> Threads {
        var best = enabled
        for thread in enabled where best.count > 1 {
            let set = closure(of: thread, in: execution)
            let found = set.intersection(enabled)
            if found.count < best.count
                || (found.count == best.count && last.map(found.contains) ?? false)
            {
                best = found
            }
        }
        return best
    }

    private func closure(of thread: Int, in execution: Execution) -> Threads {
        var set = Threads()
        set.insert(thread)
        var toLookAt = [thread]
        while let member = toLookAt.popLast() {
            guard let step = execution.pending[member] else { continue }
            let part = step.touched
            for other in execution.pending.indices
            where execution.isAlive[other] && !set.contains(other)
                && mayMeet(step.object, part, other, from: execution.place(of: other))
            {
                set.insert(other)
                toLookAt.append(other)
            }
        }
        return set
    }
}
