public import BypassIOProtocol
public import IOStack

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

/// The number of a rule in the rule list, e.g. `4.3.5`: the section, then the rule within it.
public struct RuleNumber: Sendable, Hashable, Comparable, CustomStringConvertible {
    private let parts: [Int]

    /// nil unless `text` is two to four numbers with points between them.
    public init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map { Int($0) }
        guard (2...4).contains(parts.count) else { return nil }
        self.parts = parts.compactMap { part in part.flatMap { $0 >= 0 ? $0 : nil } }
        guard self.parts.count == parts.count else { return nil }
    }

    public static func < (a: RuleNumber, b: RuleNumber) -> Bool {
        a.parts.lexicographicallyPrecedes(b.parts)
    }

    public var description: String { parts.map(String.init).joined(separator: ".") }

    /// All but the last number, e.g. `4.3`; for `6.2` it is `6`.
    public var section: String { parts.dropLast().map(String.init).joined(separator: ".") }
}

/// A line of a script, with the answers that it must give.
public struct Step: Sendable, Equatable {
    public let position: SourcePosition
    /// From 1.
    public let number: Int
    /// The line's text, without its answers.
    public let text: String
    public let action: Action
    /// Empty: it must succeed.
    public internal(set) var expectations: [Located<Expectation>]
}

/// The stack that a scenario runs on.
public struct StageDescription: Sendable, Equatable {
    public var filters: [FilterDescription] = []
    /// Top to bottom.
    public var drivers: [DriverDescription] = []
    public var storage = StorageDescription()
    /// The file system's name in its vetoes. On a mount the host's file system has its own name.
    public var fileSystemName = "ntfs.sys"
    /// How long a pause, a DISABLE or an attach waits for reads.
    public var drainLimit = Duration.seconds(30)
    public var files: [FileDescription] = []
    public var directories: [String] = []
}

/// A minifilter that behaves as the scenario says.
public struct FilterDescription: Sendable, Equatable {
    public var name: String
    public var altitude = Altitude(integer: 370_000)
    public var isOptedIn = true
    public var isLegacy = false
    public var seesReads = true
    public var seesWrites = false
    /// Flags of its read row (`FLTFL_OPERATION_REGISTRATION_*`).
    public var readFlags: OperationRegistration.Flags = []
    public var isAttachedLater = false
    public var refusesDetach = false
    public var refusesAttach = false
    public var vetoes: [VetoRule] = []

    init(name: String) { self.name = name }
}

/// A volume driver that behaves as the scenario says.
public struct DriverDescription: Sendable, Equatable {
    public var name: String
    public var isOptedIn = true
    public var vetoes: [VetoRule] = []

    init(name: String) { self.name = name }
}

/// The storage driver.
public struct StorageDescription: Sendable, Equatable {
    public var name = "stornvme.sys"
    public var type = "NVMe"
    public var isOptedIn = true
    /// For offsets and lengths, in bytes; a power of 2. On a mount the host's file system decides.
    public var alignment: UInt32 = 1
    public var vetoes: [VetoRule] = []
}

/// What a part of the stack refuses, and how.
public struct VetoRule: Sendable, Equatable {
    public enum Manner: Sendable, Equatable {
        /// Through `FltVetoBypassIo`; for volume and storage drivers in the answer's OpStatus.
        case veto(reason: String)
        /// The request as a whole fails.
        case failure
        /// The request fails on its way up, after all layers below agreed.
        case lateFailure
    }

    public var operations: Set<BypassIOOperation>
    /// nil: every file.
    public var path: String?
    public var status: NTStatus
    public var manner: Manner
}

/// A file that exists before the script begins.
public struct FileDescription: Sendable, Equatable {
    public var path: String
    /// In bytes.
    public var size = 65536
    public var attributes: FileAttributes = []

    init(path: String) { self.path = path }
}
