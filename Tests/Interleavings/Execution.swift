import IOStack

/// One run of the threads under the scheduler: each thread's next step, the owner of each lock, and
/// what each thread has seen. Reports each transition to ``Knowledge``.
final class Execution {
    enum Failure: Error { case unrepeatable(thread: Int), unseen(object: UInt) }

    /// A step that a thread took; no kind means that the thread began.
    struct Taken {
        let thread: Int
        let kind: ScheduledStep.Kind?
        let object: UInt
    }

    private let knowledge: Knowledge
    private(set) var state: ProgramState
    private(set) var pending: [ScheduledStep?]
    /// The index of each thread's operation in its program.
    private(set) var operation: [Int]
    /// For each thread: everything it has found since its operation began.
    private var histories: [Fingerprint]
    /// Objects that a step touched in this execution and that still exist.
    private var touched: Set<Int> = []
    private(set) var taken: [Taken] = []

    /// The finding of the transition under way.
    private var found = 0
    private var part = ScheduledPart()
    private var changes: [Transition.Change] = []
    /// The step of a word whose new content the scheduler has not looked at yet.
    private var unsettled: ScheduledStep?

    init(threads: Int, _ knowledge: Knowledge) {
        self.knowledge = knowledge
        pending = Array(repeating: nil, count: threads)
        operation = Array(repeating: 0, count: threads)
        histories = Array(repeating: Fingerprint(-1), count: threads)
        let states = (0..<threads).map { thread in
            knowledge.number(
                of: ThreadState(
                    history: Fingerprint(-1).value, next: .begin, object: 0, part: ScheduledPart()),
                thread: thread)
        }
        state = ProgramState(threads: states)
        taken.reserveCapacity(256)
    }

    private func change(_ change: Transition.Change) {
        changes.append(change)
        state.apply(change, knowledge)
    }

    // MARK: What a thread tells

    /// Begins an operation of the thread, which has forgotten the operation before.
    func begin(_ number: Int, of thread: Int) {
        settle(thread)
        operation[thread] = number
        histories[thread] = Fingerprint(number)
    }

    func end(_ thread: Int) throws(Failure) {
        settle(thread)
        histories[thread] = Fingerprint(-2)
        try arrive(
            thread,
            ThreadState(
                history: histories[thread].value, next: .nothing, object: 0, part: ScheduledPart()))
    }

    /// Notes that the thread waits before `step`.
    func stand(_ thread: Int, before step: ScheduledStep) throws(Failure) {
        settle(thread)
        pending[thread] = step
        try arrive(
            thread,
            ThreadState(
                history: histories[thread].value, next: .step(step.kind),
                object: knowledge.number(of: step.object),
                part: step.isPartFixed ? step.touched : nil))
    }

    /// Ends the transition under way.
    private func arrive(_ thread: Int, _ end: ThreadState) throws(Failure) {
        let transition = Transition(
            found: found, end: knowledge.number(of: end, thread: thread), changes: changes,
            part: part)
        changes = []
        guard knowledge.note(transition, from: state.threads[thread]) else {
            throw .unrepeatable(thread: thread)
        }
        state.threads[thread] = transition.end
    }

    /// Takes the pending step of `thread`.
    func take(_ thread: Int) throws(Failure) {
        let step = pending[thread]
        taken.append(Taken(thread: thread, kind: step?.kind, object: step?.object ?? 0))
        pending[thread] = nil
        part = step?.touched ?? ScheduledPart()
        found = 0
        // The thread begins.
        guard let step else { return histories[thread].add(0) }
        let object = knowledge.number(of: step.object)
        switch step.kind {
        case .wait:
            touched.insert(object)
            found = state.content(of: object, knowledge)
            change(.signals(object: object, by: -1))
            histories[thread].add(1)
        default:
            found = try look(step, object)
            histories[thread].add(step.seen ?? found)
            if step.kind == .lock { change(.owner(object: object, thread: thread)) }
            if step.kind == .update { unsettled = step }
        }
    }

    /// Returns what a step finds in its object. An object of unknown content counts as holding
    /// every change made to it, see ``settle(_:)``.
    private func look(_ step: ScheduledStep, _ object: Int) throws(Failure) -> Int {
        if touched.insert(object).inserted {
            knowledge.noteFirst(step.content?.fingerprint ?? 0, of: object)
        }
        // Only a step may change an object.
        if let content = step.content, content.fingerprint != state.content(of: object, knowledge) {
            throw .unseen(object: step.object)
        }
        return state.content(of: object, knowledge)
    }

    /// Takes an unlock or a signal. It only allows other threads to go on, so it belongs to the
    /// step before it.
    func give(_ step: ScheduledStep, by thread: Int) {
        settle(thread)
        let object = knowledge.number(of: step.object)
        if step.kind == .unlock {
            change(.owner(object: object, thread: nil))
            noteContent(of: step, object, thread)
        } else {
            touched.insert(object)
            change(.signals(object: object, by: 1))
        }
    }

    func mark(of thread: Int) -> UInt64 { histories[thread].value }

    /// Makes the thread forget what it found since the mark; it keeps `rest`, and the fact that it
    /// has passed the mark.
    func forget(since mark: UInt64, but rest: Int, of thread: Int) {
        settle(thread)
        histories[thread] = Fingerprint(Int(truncatingIfNeeded: mark))
        histories[thread].add(rest)
    }

    /// Removes an object: no thread will look at it again.
    func forget(_ object: UInt) {
        let object = knowledge.number(of: object)
        if let step = unsettled, knowledge.number(of: step.object) == object { unsettled = nil }
        touched.remove(object)
        // Independent of whether another thread touched it, which this thread need not know.
        change(.gone(object: object))
    }

    /// Notes the new content of the word that `thread` changed.
    private func settle(_ thread: Int) {
        guard let step = unsettled else { return }
        unsettled = nil
        noteContent(of: step, knowledge.number(of: step.object), thread)
    }

    private func noteContent(of step: ScheduledStep, _ object: Int, _ thread: Int) {
        let content: Int
        if let known = step.content {
            content = known.fingerprint
        } else {
            var all = Fingerprint(state.content(of: object, knowledge))
            all.add(Int(truncatingIfNeeded: histories[thread].value))
            content = Int(truncatingIfNeeded: all.value)
        }
        guard content != state.content(of: object, knowledge) else { return }
        change(.content(object: object, content))
    }
}
