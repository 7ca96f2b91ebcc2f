import IOStack

/// The positions of all threads, and the contents of words, locks and semaphores.
struct ProgramState {
    /// The number of each thread's state.
    var threads: [Int]
    /// The contents of objects that differ from their first content, see ``asFirst``.
    private var contents: [Int] = []
    /// The owner of each lock; -1: none.
    private var owners: [Int8] = []
    /// A hash of all objects that differ from their first content.
    private var memory: UInt64 = 0

    private static let asFirst = Int.min

    init(threads: [Int]) { self.threads = threads }

    /// States with equal fingerprints have the same future.
    var fingerprint: UInt64 {
        var all = Fingerprint(Int(truncatingIfNeeded: memory))
        for thread in threads { all.add(thread) }
        return all.value
    }

    func content(of object: Int, _ knowledge: Knowledge) -> Int {
        let content = object < contents.count ? contents[object] : Self.asFirst
        return content == Self.asFirst ? knowledge.first[object] : content
    }

    mutating func apply(_ change: Transition.Change, _ knowledge: Knowledge) {
        switch change {
        case .content(let object, let content): set(object, content, knowledge)
        case .signals(let object, let amount):
            set(object, content(of: object, knowledge) + amount, knowledge)
        case .gone(let object): set(object, knowledge.first[object], knowledge)
        case .owner(let object, let thread):
            if owners.count <= object {
                owners += Array(repeating: -1, count: object + 1 - owners.count)
            }
            owners[object] = Int8(thread ?? -1)
        }
    }

    private mutating func set(_ object: Int, _ content: Int, _ knowledge: Knowledge) {
        let new = content == knowledge.first[object] ? Self.asFirst : content
        if contents.count <= object {
            if new == Self.asFirst { return }
            contents += Array(repeating: Self.asFirst, count: object + 1 - contents.count)
        }
        let old = contents[object]
        guard old != new else { return }
        contents[object] = new
        if old != Self.asFirst { memory &-= Self.part(object, old) }
        if new != Self.asFirst { memory &+= Self.part(object, new) }
    }

    private static func part(_ object: Int, _ content: Int) -> UInt64 {
        var part = Fingerprint(object)
        part.add(content)
        return part.value
    }

    func isEnabled(_ thread: Int, _ knowledge: Knowledge) -> Bool {
        let state = knowledge.threadStates[threads[thread]]
        return switch state.next {
        case .begin: true
        case .nothing: false
        case .step(.lock), .step(.peek):
            state.object >= owners.count || owners[state.object] < 0
        case .step(.wait): content(of: state.object, knowledge) > 0
        case .step: true
        }
    }

    func enabled(_ knowledge: Knowledge) -> Threads {
        Threads(where: { isEnabled($0, knowledge) }, of: threads.count)
    }

    func haveAllEnded(_ knowledge: Knowledge) -> Bool {
        threads.allSatisfy { knowledge.threadStates[$0].next == .nothing }
    }
}
