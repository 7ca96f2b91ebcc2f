/// What the threads of a search do: one for each handle, one for each filter.
struct Program {
    enum HandleOperation: String { case read, enable, disable, query, close }
    enum FilterOperation: String { case pause, resume }

    let name: String
    let handles: [[HandleOperation]]
    let filters: [[FilterOperation]]
    /// Where the orders are too many: the bound on preemptions that is used instead. nil: every order.
    var preemptions: Int?

    /// Some handle has bypass all the time, so a pause is in force until it is resumed.
    var keepsBypass: Bool {
        handles.contains { !$0.contains(.disable) && !$0.contains(.close) }
    }

    static let all = [
        Program(name: "read-pause", handles: [[.read]], filters: [[.pause, .resume]]),
        Program(name: "reads-pause", handles: [[.read], [.read]], filters: [[.pause]]),
        Program(name: "pause-resume", handles: [[]], filters: [[.pause], [.resume]]),
        Program(
            name: "two-pausers", handles: [[.read]], filters: [[.pause], [.pause, .resume]]),
        Program(
            name: "disable-pause", handles: [[.read], [.disable]], filters: [[.pause]]),
        Program(
            name: "close-resume", handles: [[.close], [.query]], filters: [[.pause, .resume]],
            preemptions: 1),
        Program(
            name: "enable-pause", handles: [[.disable, .enable], [.read]], filters: [[.pause]]),
        Program(
            name: "three-each-reads",
            handles: [[.read, .query, .read], [.read, .disable, .enable]],
            filters: [[.pause, .resume, .pause], [.pause, .resume, .pause]], preemptions: 1),
    ]
}
