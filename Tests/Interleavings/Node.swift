/// A state of the search: the threads that could go on, and the threads tried from here.
struct Node {
    let state: ProgramState
    /// Threads left to try from here.
    var toTry: Threads
    /// Threads whose step here leads only to known states: they were tried before, or sleep.
    var asleep: Threads
    /// The thread that goes on here now.
    var chosen: Int?
    /// The thread that ran before and could still run; only where preemptions are counted.
    var last: Int?
    /// Switches, up to here, away from a thread that could have run on.
    var preemptions = 0

    var isPreempted: Bool { last.map { $0 != chosen } ?? false }
}
