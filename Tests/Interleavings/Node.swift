import IOStack

/// A state of the search: which threads could go on, and what has been tried from here.
struct Node {
    /// The threads that could take their step here.
    let enabled: Set<Int>
    /// Where each thread stood: what it was about to do; nil: it had ended.
    let pending: [ScheduledStep?]
    /// Threads to try from here.
    var toTry: Set<Int>
    /// Threads whose step here leads to nothing that was not seen: tried before, or asleep.
    var asleep: Set<Int>
    /// The thread that goes on here in the execution under way.
    var chosen: Int
    /// Switches away from a thread that could have gone on, up to here.
    let preemptions: Int
}
