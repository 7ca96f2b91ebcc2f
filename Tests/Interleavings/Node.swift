/// A state of the search: which threads could go on, and what has been tried from here.
struct Node {
    let state: ProgramState
    /// Threads left to try from here.
    var toTry: Threads
    /// Threads whose step here leads to nothing that was not seen: tried before, or asleep.
    var asleep: Threads
    /// The thread that goes on here now.
    var chosen: Int?
    /// The thread that had gone on before and still could; only where preemptions are counted.
    var last: Int?
    /// Switches away from a thread that could have gone on, up to here.
    var preemptions = 0

    var isPreempted: Bool { last.map { $0 != chosen } ?? false }
}
