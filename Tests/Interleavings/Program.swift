/// The operations of a search's threads: a thread for each handle, each filter and each actor.
struct Program {
    enum HandleOperation: String { case read, enable, disable, query, close }
    enum FilterOperation: String {
        case pause, resume
        /// The filter vetoes from now on, and sends DISABLE to the top.
        case disable
    }
    enum ActorOperation: String {
        /// The actor's filter did not opt in.
        case attach, detach
        /// The actor's filter opted in and vetoes; it withdraws bypass from all files at once.
        case attachAuditor
        /// VOLUME_STACK_PAUSE and RESUME, sent by a volume driver that vetoes in between.
        case volumePause, volumeResume
        /// The actor reads through a handle that caches, and closes it.
        case cachedRead, closeCached
        /// The file becomes sparse; later its blocks are allocated again.
        case suspend, endSuspension
        /// A filter that was never asked about bypass takes it back from the file, and gives it
        /// again; the second pair does so with every file. All actors share the filter.
        case withdraw, restore
        case withdrawAll, restoreAll
    }

    let name: String
    let handles: [[HandleOperation]]
    var filters: [[FilterOperation]] = []
    var actors: [[ActorOperation]] = []

    /// The number of operations of each thread.
    var lengths: [Int] { handles.map(\.count) + filters.map(\.count) + actors.map(\.count) }

    /// Whether some handle always has bypass, so that a pause stays in force until it is resumed.
    var keepsBypass: Bool {
        handles.contains { !$0.contains(.disable) && !$0.contains(.close) }
    }

    var attaches: Bool { isDone(by: .attach) || isDone(by: .attachAuditor) }

    var withdraws: Bool { isDone(by: .withdraw) || isDone(by: .withdrawAll) }

    func isDone(by actor: ActorOperation) -> Bool { actors.contains { $0.contains(actor) } }

    static let all = [
        Program(name: "read-pause", handles: [[.read]], filters: [[.pause, .resume]]),
        Program(name: "reads-pause", handles: [[.read], [.read]], filters: [[.pause]]),
        Program(name: "pause-resume", handles: [[]], filters: [[.pause], [.resume]]),
        Program(
            name: "two-pausers", handles: [[.read]], filters: [[.pause], [.pause, .resume]]),
        Program(
            name: "disable-pause", handles: [[.read], [.disable]], filters: [[.pause]]),
        Program(
            name: "close-resume", handles: [[.close], [.query]], filters: [[.pause, .resume]]),
        Program(
            name: "enable-pause", handles: [[.disable, .enable], [.read]], filters: [[.pause]]),
        Program(name: "recipe", handles: [[.disable, .enable, .read]], filters: [[.pause]]),
        Program(
            name: "recipe-resume", handles: [[.disable, .enable, .read]],
            filters: [[.pause, .resume]]),
        Program(
            name: "recipe-disable", handles: [[.disable, .enable, .read]],
            filters: [[.disable]]),
        Program(
            name: "recipe-attach", handles: [[.disable, .enable, .read]],
            actors: [[.attachAuditor]]),
        Program(
            name: "three-each-reads",
            handles: [[.read, .query, .read], [.read, .disable, .enable]],
            filters: [[.pause, .resume], [.pause, .resume]]),
        Program(name: "attach-read", handles: [[.read], [.read]], actors: [[.attach]]),
        Program(
            name: "attach-enable", handles: [[.disable, .enable], [.read]], actors: [[.attach]]),
        Program(name: "attach-detach-read", handles: [[.read]], actors: [[.attach, .detach]]),
        Program(
            name: "two-attach-detach", handles: [[.read]],
            actors: [[.attach, .detach], [.attach, .detach]]),
        Program(
            name: "attach-pause-read", handles: [[.read]], filters: [[.pause, .resume]],
            actors: [[.attach, .detach]]),
        Program(
            name: "cached-read", handles: [[.read], [.read]], actors: [[.cachedRead, .closeCached]]),
        Program(
            name: "two-cached", handles: [[.read]],
            actors: [[.cachedRead, .closeCached], [.cachedRead, .closeCached]]),
        Program(
            name: "cached-pause-read", handles: [[.read]], filters: [[.pause, .resume]],
            actors: [[.cachedRead, .closeCached]]),
        Program(
            name: "suspend-read", handles: [[.read], [.disable]],
            actors: [[.suspend, .endSuspension]]),
        Program(
            name: "volume-read", handles: [[.read], [.read]],
            actors: [[.volumePause, .volumeResume]]),
        Program(
            name: "volume-enable", handles: [[.disable, .enable, .read]],
            actors: [[.volumePause, .volumeResume]]),
        Program(
            name: "two-volume-pausers", handles: [[.read]],
            actors: [[.volumePause], [.volumePause, .volumeResume]]),
        Program(
            name: "volume-pause", handles: [[.read]], filters: [[.pause, .resume]],
            actors: [[.volumePause, .volumeResume]]),
        Program(
            name: "withdraw-read", handles: [[.read], [.read]], actors: [[.withdraw, .restore]]),
        Program(
            name: "withdraw-enable", handles: [[.disable, .enable, .read]],
            actors: [[.withdraw, .restore]]),
        Program(
            name: "withdraw-stays", handles: [[.disable, .enable, .read], [.read]],
            actors: [[.withdraw]]),
        Program(
            name: "withdraw-all-enable", handles: [[.disable, .enable, .read]],
            actors: [[.withdrawAll, .restoreAll]]),
        Program(
            name: "withdraw-beside-restore", handles: [[.read]],
            actors: [[.withdraw], [.restore]]),
        Program(
            name: "withdraw-pause", handles: [[.read]], filters: [[.pause, .resume]],
            actors: [[.withdraw, .restore]]),
    ]
}
