/// A scenario file: a stack, and a script of operations with the answers that a rule demands.
public struct Scenario: Sendable {
    public let file: String
    public let title: String
    public let rules: [Located<RuleNumber>]
    /// Why it cannot run on a mount; nil if it can.
    public let onlyInProcess: String?
    /// Why it can run on a mount only; nil if it can run in process.
    public let onlyOnMount: String?
    /// Why the stack does not obey the rule yet; nil if it must.
    public let knownFailure: KnownFailure?
    public let stage: StageDescription
    public let steps: [Step]

    /// Parses a file and checks that every name is defined.
    ///
    /// - Parameters:
    ///   - source: the text.
    ///   - file: the file's name, for ``SourcePosition``.
    /// - Throws: every fault found.
    public init(parsing source: String, file: String) throws(Diagnostics) {
        var parser = ScenarioParser(source, file: file)
        self = try parser.scenario()
    }

    init(_ parts: ScenarioParser.Parts, file: String) {
        self.file = file
        title = parts.title?.value ?? ""
        rules = parts.rules
        onlyInProcess = parts.onlyInProcess?.value
        onlyOnMount = parts.onlyOnMount?.value
        knownFailure = parts.knownFailure
        stage = parts.stage
        steps = parts.steps
    }
}

/// A rule that the stack is known not to obey.
public struct KnownFailure: Sendable, Equatable {
    public enum Place: Sendable, Equatable {
        case inProcess
        case onMount
        case everywhere
    }

    public let place: Place
    public let reason: String

    func concerns(mount: Bool) -> Bool {
        switch place {
        case .everywhere: true
        case .inProcess: !mount
        case .onMount: mount
        }
    }
}
