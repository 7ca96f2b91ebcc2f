import IOStack

/// A state of the search: which threads could go on, and what has been tried from here.
struct Node {
    /// The threads that could take their step here.
    let enabled: Threads
    /// Where each thread stood: what it was about to do; nil: it had not begun, or had ended.
    let pending: [ScheduledStep?]
    /// Threads left to try from here.
    var toTry: Threads
    /// Threads whose step here leads to nothing that was not seen: tried before, or asleep.
    var asleep: Threads
    /// The thread that goes on here in the execution under way.
    var chosen: Int
}
