/// Reads a scenario line by line. A faulty line is noted, and the next line is read.
struct ScenarioParser {
    /// The content of a file before it is known to be whole.
    struct Parts {
        var title: Located<String>?
        var rules: [Located<RuleNumber>] = []
        var onlyInProcess: Located<String>?
        var onlyOnMount: Located<String>?
        var knownFailure: KnownFailure?
        var stage = StageDescription()
        var steps: [Step] = []
    }

    /// The block that an indented line belongs to.
    enum Block {
        case nothing
        case filter(Int)
        case driver(Int)
        case storage
        case file(Int)
        case steps
        /// The block of a faulty line: its properties have no meaning.
        case faulty
    }

    let file: String
    private let lines: [Line]
    private var faults: [Diagnostic]
    private let sourceEnd: SourcePosition
    var parts = Parts()
    var block = Block.nothing
    /// Names that steps may use.
    var handles: Set<String> = []
    var startedActions: Set<String> = []
    /// Files and directories described anywhere in the file: a filter above may name them.
    let describedFiles: Set<String>

    init(_ source: String, file: String) {
        let lexer = Lexer(source, file: file)
        self.file = file
        lines = lexer.lines
        describedFiles = Set(lexer.lines.compactMap(Self.describedFile))
        faults = lexer.faults
        let count = source.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
            .count
        sourceEnd = SourcePosition(file: file, line: count, column: 1)
    }

    mutating func scenario() throws(Diagnostics) -> Scenario {
        for line in lines {
            do throws(Diagnostic) {
                try read(line)
            } catch {
                faults.append(error)
                if !line.isIndented { block = .faulty }
            }
        }
        demandWhole()
        guard faults.isEmpty else { throw Diagnostics(faults) }
        return Scenario(parts, file: file)
    }

    private static func describedFile(_ line: Line) -> String? {
        guard !line.isIndented else { return nil }
        var cursor = TokenCursor(line)
        guard !cursor.take("file", "system"), cursor.take("file") || cursor.take("directory") else {
            return nil
        }
        return try? cursor.name("a name")
    }

    /// An empty file proves nothing.
    private mutating func demandWhole() {
        // A missing part may stand in a faulty line.
        guard faults.isEmpty else { return }
        let missing: [(Bool, String)] = [
            (parts.title == nil, "a line: scenario \"TITLE\""),
            (parts.rules.isEmpty, "a line: proves RULE, such as proves 4.3.1"),
            (parts.steps.isEmpty, "a block 'steps' with at least one step"),
        ]
        for (isMissing, what) in missing where isMissing {
            faults.append(Diagnostic(sourceEnd, expected: what, found: "the end of the file"))
        }
    }

    private mutating func read(_ line: Line) throws(Diagnostic) {
        var cursor = TokenCursor(line)
        if !line.isIndented { return try header(&cursor) }
        switch block {
        case .steps: try step(&cursor)
        case .filter(let index): try filterProperty(&cursor, index)
        case .driver(let index): try driverProperty(&cursor, index)
        case .storage: try storageProperty(&cursor)
        case .file(let index): try fileProperty(&cursor, index)
        case .nothing: throw cursor.fault("a line without a blank before it")
        case .faulty: return
        }
        try cursor.end()
    }

    // MARK: Lines that begin a block

    private mutating func header(_ cursor: inout TokenCursor) throws(Diagnostic) {
        if case .steps = block {
            throw cursor.fault("a step, with blanks before it: 'steps' is the last block")
        }
        block = .nothing
        let position = cursor.position
        if cursor.take("scenario") {
            guard parts.title == nil else {
                throw Diagnostic(position, expected: "one title", found: "a second one")
            }
            parts.title = Located(try cursor.text("a title"), position)
        } else if cursor.take("proves") {
            try rules(&cursor)
        } else if cursor.take("only", "in", "process") {
            parts.onlyInProcess = Located(try reason(&cursor), position)
        } else if cursor.take("only", "on", "the", "mount") {
            parts.onlyOnMount = Located(try reason(&cursor), position)
        } else if cursor.take("known", "to", "fail") {
            try knownFailure(&cursor)
        } else if cursor.take("steps") {
            block = .steps
        } else {
            try stageHeader(&cursor)
        }
        try cursor.end()
    }

    private mutating func rules(_ cursor: inout TokenCursor) throws(Diagnostic) {
        repeat {
            let position = cursor.position
            guard let word = cursor.word, let rule = RuleNumber(word) else {
                throw cursor.fault("the number of a rule, such as 4.3.1")
            }
            cursor.skip()
            parts.rules.append(Located(rule, position))
        } while cursor.take(.comma)
    }

    private mutating func knownFailure(_ cursor: inout TokenCursor) throws(Diagnostic) {
        let place: KnownFailure.Place =
            if cursor.take("in", "process") {
                .inProcess
            } else if cursor.take("on", "the", "mount") {
                .onMount
            } else {
                .everywhere
            }
        parts.knownFailure = KnownFailure(place: place, reason: try reason(&cursor))
    }

    private func reason(_ cursor: inout TokenCursor) throws(Diagnostic) -> String {
        try cursor.need(.colon, "':' and a reason")
        return try cursor.rest("a reason")
    }
}
