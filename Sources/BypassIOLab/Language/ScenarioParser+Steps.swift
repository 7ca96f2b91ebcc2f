import BypassIOProtocol
import IOStack

/// The script.
extension ScenarioParser {
    mutating func step(_ cursor: inout TokenCursor) throws(Diagnostic) {
        if cursor.take(.arrow) {
            guard !parts.steps.isEmpty else { throw cursor.fault("a step before its answers") }
            let last = parts.steps.count - 1
            parts.steps[last].expectations += try expectations(&cursor)
            return
        }
        let position = cursor.position
        let end = cursor.line.tokens.first { $0.kind == .arrow }?.column
        var text = Substring(cursor.line.text)
        if let end { text = text.prefix(end - position.column) }
        while text.last?.isWhitespace == true { text.removeLast() }
        var (action, expected) = try action(&cursor)
        if cursor.take(.arrow) { expected += try expectations(&cursor) }
        parts.steps.append(
            Step(
                position: position, number: parts.steps.count + 1, text: String(text),
                action: action, expectations: expected))
    }

    typealias Asked = (Action, [Located<Expectation>])

    private mutating func action(_ cursor: inout TokenCursor) throws(Diagnostic) -> Asked {
        switch cursor.word {
        case "start": (try start(&cursor), [])
        case "filter", "driver", "storage": try componentAction(&cursor)
        case "attach", "detach", "unload": (try attachment(&cursor), [])
        case "file": (try change(&cursor), [])
        case "wait": (try wait(&cursor), [])
        case "clear":
            (try words(&cursor, ["clear", "counts"], .clearCounts), [])
        case "dismount": (try words(&cursor, ["dismount"], .dismount), [])
        case "unmount": (try words(&cursor, ["unmount"], .unmount), [])
        default: try namedAction(&cursor)
        }
    }

    private func words(
        _ cursor: inout TokenCursor, _ words: [String], _ action: Action
    ) throws(Diagnostic) -> Action {
        for word in words {
            guard cursor.take([word]) else { throw cursor.fault("'\(word)'") }
        }
        return action
    }

    // MARK: Several at once

    private mutating func start(_ cursor: inout TokenCursor) throws(Diagnostic) -> Action {
        try cursor.need("start")
        let before = cursor
        let name = try cursor.name("a name for what is started")
        guard !startedActions.contains(name), !handles.contains(name), !Self.isReserved(name) else {
            throw before.fault("a name that is not taken")
        }
        startedActions.insert(name)
        try cursor.need(.colon, "':'")
        let place = cursor
        let (started, expected) = try action(&cursor)
        switch started {
        case .start, .stillWaiting, .returned, .open:
            throw place.fault("a step that can wait")
        default: break
        }
        guard expected.isEmpty, cursor.isAtEnd else {
            throw cursor.fault("the end of the line: its answer belongs to '\(name) returned'")
        }
        return .start(name: name, started)
    }

    private func wait(_ cursor: inout TokenCursor) throws(Diagnostic) -> Action {
        try cursor.need("wait", "until")
        let component = try component(&cursor)
        try cursor.need("holds")
        let count = try cursor.count("a number of reads", in: 1...1000)
        if cursor.take("enables") || cursor.take("enable") {
            return .waitUntilHeld(component, .enables, count: count)
        }
        guard cursor.take("reads") || cursor.take("read") else {
            throw cursor.fault("'reads' or 'enables'")
        }
        return .waitUntilHeld(component, .reads, count: count)
    }

    // MARK: The stack

    private func attachment(_ cursor: inout TokenCursor) throws(Diagnostic) -> Action {
        if cursor.take("attach") {
            let filter = try knownFilter(&cursor)
            let altitude = cursor.take("at") ? try altitude(&cursor) : nil
            let instance = cursor.take("named") ? try cursor.text("the instance's name") : nil
            return .attach(filter: filter, altitude: altitude, instance: instance)
        }
        if cursor.take("detach") { return .detach(filter: try knownFilter(&cursor)) }
        try cursor.need("unload")
        let filter = try knownFilter(&cursor)
        return .unload(filter: filter, mandatory: cursor.take("mandatory"))
    }

    private func change(_ cursor: inout TokenCursor) throws(Diagnostic) -> Action {
        try cursor.need("file")
        let path = try knownFile(&cursor)
        if cursor.take("begins", "moving") { return .move(path: path, begins: true) }
        if cursor.take("stops", "moving") { return .move(path: path, begins: false) }
        guard cursor.take("becomes") else {
            throw cursor.fault("'becomes', 'begins moving' or 'stops moving'")
        }
        return .become(path: path, try attributes(&cursor))
    }

    private func knownFilter(_ cursor: inout TokenCursor) throws(Diagnostic) -> String {
        let before = cursor
        let name = try cursor.name("a filter")
        guard parts.stage.filters.contains(where: { $0.name == name }) else {
            throw before.fault("a filter that is described above")
        }
        return name
    }

    func component(_ cursor: inout TokenCursor) throws(Diagnostic) -> Component {
        if cursor.take("storage") { return .storage }
        if cursor.take("filter") { return .filter(try knownFilter(&cursor)) }
        guard cursor.take("driver") else {
            throw cursor.fault("filter NAME, driver NAME or storage")
        }
        let before = cursor
        let name = try cursor.name("a volume driver")
        guard parts.stage.drivers.contains(where: { $0.name == name }) else {
            throw before.fault("a volume driver that is described above")
        }
        return .driver(name)
    }

    private func componentAction(_ cursor: inout TokenCursor) throws(Diagnostic) -> Asked {
        let component = try component(&cursor)
        if cursor.take("saw") { return try saw(&cursor, component) }
        if cursor.take("sends") { return (try send(&cursor, component), []) }
        if cursor.take("stops", "vetoing") { return (.stopVetoing(component), []) }
        if cursor.take("holds", "reads") { return (.hold(component, .reads), []) }
        if cursor.take("releases", "reads") { return (.release(component, .reads), []) }
        if cursor.take("holds", "enables") { return (.hold(component, .enables), []) }
        if cursor.take("releases", "enables") { return (.release(component, .enables), []) }
        if cursor.word == "vetoes" || cursor.word == "fails",
            let rule = try vetoRule(&cursor)
        {
            return (.veto(component, rule), [])
        }
        if case .filter(let name) = component {
            if cursor.take("learned") {
                return (.learned(filter: name), [try statusOrSuccess(&cursor)])
            }
            if cursor.take("was", "told") {
                return (.told(filter: name), [try statusOrSuccess(&cursor)])
            }
        }
        throw cursor.fault(
            "saw, sends, vetoes, fails, stops vetoing, holds or releases reads or enables, learned "
                + "or was told")
    }

    private func saw(
        _ cursor: inout TokenCursor, _ component: Component
    ) throws(Diagnostic) -> Asked {
        let position = cursor.position
        let count = try cursor.count("a number", in: 0...1_000_000)
        let controls = Vocabulary.operations.map {
            (word: $0.word, value: Sight.control($0.value.rawValue))
        }
        let sight = try cursor.choice(Vocabulary.sights + controls, "what was seen")
        return (.count(component, sight), [Located(.count(count), position)])
    }

    private func statusOrSuccess(
        _ cursor: inout TokenCursor
    ) throws(Diagnostic) -> Located<Expectation> {
        let position = cursor.position
        if cursor.take("success") { return Located(.status(.success), position) }
        return Located(.status(try cursor.status()), position)
    }

    private func send(
        _ cursor: inout TokenCursor, _ component: Component
    ) throws(Diagnostic) -> Action {
        if component == .storage {
            throw cursor.fault("a filter or a volume driver before 'sends'")
        }
        let operation = try cursor.choice(Vocabulary.operations, "an operation")
        try cursor.need("on")
        let handle = try knownHandle(&cursor)
        let toTop = cursor.take("to", "the", "top")
        return .send(component, operation, handle: handle, toTop: toTop)
    }

    // MARK: Handles

    static func isReserved(_ name: String) -> Bool {
        [
            "start", "filter", "driver", "storage", "attach", "detach", "unload", "file", "wait",
            "clear", "dismount", "unmount",
        ].contains(name)
    }

    private func knownHandle(_ cursor: inout TokenCursor) throws(Diagnostic) -> String {
        let before = cursor
        let name = try cursor.name("a handle")
        guard handles.contains(name) else {
            throw before.fault("a handle that was opened above")
        }
        return name
    }

    private mutating func namedAction(_ cursor: inout TokenCursor) throws(Diagnostic) -> Asked {
        let before = cursor
        let name = try cursor.name("a step")
        if cursor.take(.equals) {
            guard !startedActions.contains(name), !handles.contains(name),
                !Self.isReserved(name)
            else { throw before.fault("a name that is not taken") }
            // Known from here on even if the open is faulty: steps on it are then no faults of
            // their own.
            handles.insert(name)
            return (try open(&cursor, name), [])
        }
        if startedActions.contains(name) {
            if cursor.take("returned") { return (.returned(name: name), []) }
            let position = cursor.position
            guard cursor.take("is", "still", "waiting") else {
                throw cursor.fault("'returned' or 'is still waiting'")
            }
            return (.stillWaiting(name: name), [Located(.waiting, position)])
        }
        guard handles.contains(name) else {
            throw before.fault(
                "a handle that was opened above, start, filter, driver, storage, attach, detach, "
                    + "unload, file, wait until, clear counts, dismount or unmount")
        }
        return (try handleAction(&cursor, name), [])
    }

    private mutating func open(
        _ cursor: inout TokenCursor, _ name: String
    ) throws(Diagnostic) -> Action {
        var description = OpenDescription()
        if cursor.take("duplicate", "of") {
            description.duplicateOf = try knownHandle(&cursor)
        } else {
            try cursor.need("open")
            if !cursor.take("volume") { description.path = try knownFile(&cursor) }
            while !cursor.isAtEnd, cursor.next?.kind != .arrow {
                if cursor.take("noncached") {
                    description.isNonCached = true
                } else if cursor.take("writable") {
                    description.isWritable = true
                } else if cursor.take("as", "user") {
                    description.isOrdinaryUser = true
                } else {
                    throw cursor.fault("noncached, writable, as user or '->'")
                }
            }
        }
        return .open(handle: name, description)
    }
}
