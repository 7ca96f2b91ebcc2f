import IOStack

/// One run of the threads under the scheduler: what they are about to do, who holds which lock, and what
/// each has seen.
final class Execution {
    /// A step that was taken; without kind: the thread began.
    struct Taken {
        let thread: Int
        let kind: ScheduledStep.Kind?
        let object: UInt
        let part: ScheduledPart
    }

    private(set) var pending: [ScheduledStep?]
    /// The operation of its program that each thread is at.
    private(set) var operation: [Int]
    /// Steps that each has taken in it.
    private var steps: [Int]
    private(set) var isAlive: [Bool]
    /// Of each thread: all it has found since its operation began.
    private var histories: [Fingerprint]
    private var owners: [UInt: Int] = [:]
    private var memory = Memory()
    /// Words whose step was taken and that were not looked at since.
    private var touched: [ScheduledStep?]
    private(set) var taken: [Taken] = []

    init(threads: Int) {
        pending = Array(repeating: nil, count: threads)
        touched = pending
        operation = Array(repeating: 0, count: threads)
        steps = operation
        isAlive = Array(repeating: true, count: threads)
        taken.reserveCapacity(256)
        histories = Array(repeating: Fingerprint(-1), count: threads)
    }

    func isEnabled(_ thread: Int) -> Bool {
        guard isAlive[thread] else { return false }
        guard let step = pending[thread] else { return true }
        return switch step.kind {
        case .lock, .peek: owners[step.object] == nil
        case .wait: memory.signals(step.object) > 0
        default: true
        }
    }

    var enabled: Threads { Threads(where: isEnabled, of: pending.count) }

    func place(of thread: Int) -> Int {
        Footprints.place(operation: operation[thread], step: steps[thread])
    }

    /// Two executions with the same go on the same ways.
    var state: UInt64 {
        var all = Fingerprint(Int(truncatingIfNeeded: memory.fingerprint))
        for history in histories { all.add(Int(truncatingIfNeeded: history.value)) }
        return all.value
    }

    /// The thread has nothing left in hand from the operation before.
    func begin(_ number: Int, of thread: Int) {
        settle(thread)
        operation[thread] = number
        steps[thread] = 0
        histories[thread] = Fingerprint(number)
    }

    func end(_ thread: Int) {
        settle(thread)
        isAlive[thread] = false
        histories[thread] = Fingerprint(-2)
    }

    /// The thread stands before `step`.
    func stand(_ thread: Int, before step: ScheduledStep) {
        settle(thread)
        pending[thread] = step
    }

    /// Takes the pending step of `thread`.
    func take(_ thread: Int) {
        let step = pending[thread]
        taken.append(
            Taken(
                thread: thread, kind: step?.kind, object: step?.object ?? 0,
                part: step?.touched ?? ScheduledPart()))
        pending[thread] = nil
        steps[thread] += 1
        // It begins.
        guard let step else { return histories[thread].add(0) }
        switch step.kind {
        case .wait:
            memory.signal(step.object, by: -1)
            histories[thread].add(1)
        default:
            let content = memory.look(step)
            histories[thread].add(step.seen ?? content)
            if step.kind == .lock { owners[step.object] = thread }
            if step.kind == .update { touched[thread] = step }
        }
    }

    /// An unlock or a signal: it only ever lets others go on, so it belongs to the step before it.
    func give(_ step: ScheduledStep, by thread: Int) {
        if step.kind == .unlock {
            owners[step.object] = nil
            memory.changed(step, by: Int(truncatingIfNeeded: histories[thread].value))
        } else {
            memory.signal(step.object, by: 1)
        }
    }

    func mark(of thread: Int) -> UInt64 { histories[thread].value }

    /// The thread keeps nothing of what it found since the mark but `rest`, and that it has come past it.
    func forget(since mark: UInt64, but rest: Int, of thread: Int) {
        settle(thread)
        histories[thread] = Fingerprint(Int(truncatingIfNeeded: mark))
        histories[thread].add(rest)
    }

    func forget(_ object: UInt) { memory.forget(object) }

    /// What the step that `thread` took made of its word.
    private func settle(_ thread: Int) {
        guard let step = touched[thread] else { return }
        touched[thread] = nil
        memory.changed(step, by: Int(truncatingIfNeeded: histories[thread].value))
    }
}
