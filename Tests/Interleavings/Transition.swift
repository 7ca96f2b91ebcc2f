import IOStack

/// Where one thread is on its way: what it has found since its operation began, and what it does
/// next.
struct ThreadState {
    enum Next: Equatable {
        case begin
        case step(ScheduledStep.Kind)
        case nothing
    }

    let history: UInt64
    let next: Next
    /// The number of what the step touches.
    let object: Int
    /// What of it; nil: that depends on what it finds.
    let part: ScheduledPart?
}

/// What a thread does from where it stands until it stands before its next step, if it finds
/// something certain. Others are told nothing but by ``changes``, so it is the same whatever they
/// do meanwhile.
struct Transition: Equatable {
    enum Change: Equatable {
        case content(object: Int, Int)
        case signals(object: Int, by: Int)
        case owner(object: Int, thread: Int?)
        case gone(object: Int)

        /// The lock or semaphore whose waiters can go on.
        var letsOthersGoOn: Int? {
            switch self {
            case .owner(let object, nil): object
            case .signals(let object, let amount) where amount > 0: object
            default: nil
            }
        }
    }

    let found: Int
    /// The number of the thread's state afterwards.
    let end: Int
    let changes: [Change]
    let part: ScheduledPart
}
