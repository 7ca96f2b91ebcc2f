import IOStack

/// The position of one thread: everything it has found since its operation began, and its next
/// step.
struct ThreadState {
    enum Next: Equatable {
        case begin
        case step(ScheduledStep.Kind)
        case nothing
    }

    let history: UInt64
    let next: Next
    /// The number of the object that the step touches.
    let object: Int
    /// The part of the object; nil if it depends on what the step finds.
    let part: ScheduledPart?
}

/// What a thread does from one step to the next, given what the first step finds. Other threads see
/// only ``changes``, so the transition is the same whatever they do meanwhile.
struct Transition: Equatable {
    enum Change: Equatable {
        case content(object: Int, Int)
        case signals(object: Int, by: Int)
        case owner(object: Int, thread: Int?)
        case gone(object: Int)

        /// The lock or semaphore whose waiters may go on.
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
