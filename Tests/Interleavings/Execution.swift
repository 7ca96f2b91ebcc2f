import IOStack

/// One run of the threads under the scheduler: what they are about to do, who holds which lock, and what
/// happened before what.
struct Execution {
    struct Taken {
        let thread: Int
        /// The how manieth step of its thread, from 1.
        let number: Int
        let step: ScheduledStep
        /// What had happened before, with the step itself.
        let clock: Clock
    }

    var pending: [ScheduledStep?]
    var isAlive: [Bool]
    private var owners: [UInt: Int] = [:]
    private var signals: [UInt: Int] = [:]
    private var clocks: [Clock]
    /// Of each object, what happened before its last change and before its last looks.
    private var changes: [UInt: Clock] = [:]
    private var looks: [UInt: Clock] = [:]
    private(set) var taken: [Taken] = []

    init(threads: Int) {
        pending = Array(repeating: nil, count: threads)
        isAlive = Array(repeating: true, count: threads)
        clocks = Array(repeating: Clock(threads: threads), count: threads)
    }

    func isEnabled(_ thread: Int) -> Bool {
        guard isAlive[thread] else { return false }
        guard let step = pending[thread] else { return true }
        return switch step.kind {
        case .lock: owners[step.object] == nil
        case .wait: signals[step.object, default: 0] > 0
        default: true
        }
    }

    var enabled: Set<Int> { Set(pending.indices.filter(isEnabled)) }

    func clock(of thread: Int) -> Clock { clocks[thread] }

    /// Takes the pending step of `thread`.
    mutating func take(_ thread: Int) {
        clocks[thread].advance(thread)
        guard let step = pending[thread] else {
            // It begins.
            taken.append(
                Taken(
                    thread: thread, number: taken.count { $0.thread == thread } + 1,
                    step: ScheduledStep(.load, on: 0), clock: clocks[thread]))
            return
        }
        if let change = changes[step.object] { clocks[thread].join(change) }
        if step.kind == .load {
            var all = looks[step.object] ?? clocks[thread]
            all.join(clocks[thread])
            looks[step.object] = all
        } else {
            if let look = looks[step.object] { clocks[thread].join(look) }
            changes[step.object] = clocks[thread]
            looks[step.object] = nil
        }
        if step.kind == .lock { owners[step.object] = thread }
        if step.kind == .wait { signals[step.object, default: 0] -= 1 }
        taken.append(
            Taken(
                thread: thread, number: clocks[thread].counts[thread], step: step,
                clock: clocks[thread]))
        pending[thread] = nil
    }

    /// An unlock or a signal: it only ever lets others go on, so it belongs to the step before it.
    mutating func give(_ step: ScheduledStep, by thread: Int) {
        if step.kind == .unlock {
            owners[step.object] = nil
        } else {
            signals[step.object, default: 0] += 1
        }
        var clock = clocks[thread]
        if let change = changes[step.object] { clock.join(change) }
        changes[step.object] = clock
    }
}

extension ScheduledStep {
    /// The order of the two makes a difference.
    func conflicts(with other: ScheduledStep) -> Bool {
        object == other.object && !(kind == .load && other.kind == .load)
    }
}
