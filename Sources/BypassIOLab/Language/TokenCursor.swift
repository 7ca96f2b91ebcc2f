import BypassIOProtocol
import IOStack

/// Reads the tokens of a line from left to right.
struct TokenCursor {
    let line: Line
    private(set) var index = 0

    init(_ line: Line) { self.line = line }

    var next: Token? { index < line.tokens.count ? line.tokens[index] : nil }
    var isAtEnd: Bool { next == nil }
    var position: SourcePosition { line.position(next?.column ?? line.endColumn) }

    func fault(_ expected: String) -> Diagnostic {
        Diagnostic(position, expected: expected, found: next?.description ?? "the end of the line")
    }

    /// The next word without taking it.
    var word: String? {
        if case .word(let word) = next?.kind { word } else { nil }
    }

    mutating func skip() { index += 1 }

    /// Takes the words if they are next, all of them or none.
    mutating func take(_ words: String...) -> Bool { take(words) }

    mutating func take(_ words: [String]) -> Bool {
        guard index + words.count <= line.tokens.count else { return false }
        for (offset, word) in words.enumerated() {
            guard line.tokens[index + offset].kind == .word(word) else { return false }
        }
        index += words.count
        return true
    }

    mutating func take(_ kind: Token.Kind) -> Bool {
        guard next?.kind == kind else { return false }
        index += 1
        return true
    }

    mutating func need(_ words: String...) throws(Diagnostic) {
        for word in words {
            guard take([word]) else { throw fault("'\(word)'") }
        }
    }

    mutating func need(_ kind: Token.Kind, _ name: String) throws(Diagnostic) {
        guard take(kind) else { throw fault(name) }
    }

    /// A name: a word or a text.
    mutating func name(_ what: String) throws(Diagnostic) -> String {
        switch next?.kind {
        case .word(let name), .text(let name):
            guard !name.isEmpty else { throw fault(what) }
            index += 1
            return name
        default: throw fault(what)
        }
    }

    mutating func text(_ what: String) throws(Diagnostic) -> String {
        guard case .text(let text) = next?.kind else {
            throw fault("\(what) in quotation marks")
        }
        index += 1
        return text
    }

    mutating func end() throws(Diagnostic) {
        guard isAtEnd else { throw fault("the end of the line") }
    }

    /// The rest of the line as it was written.
    mutating func rest(_ what: String) throws(Diagnostic) -> String {
        guard let start = next?.column else { throw fault(what) }
        let first = line.tokens.first?.column ?? 1
        index = line.tokens.count
        return String(line.text.dropFirst(start - first))
    }

    /// A word out of a set; the fault lists the set.
    mutating func choice<Value>(
        _ choices: [(word: String, value: Value)], _ what: String
    ) throws(Diagnostic) -> Value {
        if let word, let found = choices.first(where: { $0.word == word }) {
            index += 1
            return found.value
        }
        let names = choices.map(\.word).joined(separator: ", ")
        throw fault(what.isEmpty ? "one of \(names)" : "\(what): one of \(names)")
    }
}

extension TokenCursor {
    /// A whole number, decimal or hexadecimal with 0x, with an optional unit KiB, MiB or GiB.
    mutating func number(
        _ what: String, in range: ClosedRange<UInt64> = 0...UInt64.max, withUnit: Bool = false
    ) throws(Diagnostic) -> UInt64 {
        let start = self
        guard let word, let value = Self.number(word) else {
            throw fault("\(what), a number such as 4096 or 0x1000")
        }
        skip()
        var result = value
        if withUnit, let unit = self.word, Self.looksLikeUnit(unit) {
            guard let factor = Self.units[unit] else { throw fault("KiB, MiB or GiB") }
            skip()
            let (product, overflows) = value.multipliedReportingOverflow(by: factor)
            guard !overflows else { throw start.fault("\(what) below 2^64") }
            result = product
        }
        guard range.contains(result) else {
            throw start.fault("\(what) from \(range.lowerBound) to \(range.upperBound)")
        }
        return result
    }

    mutating func count(
        _ what: String, in range: ClosedRange<Int>
    ) throws(Diagnostic) -> Int {
        let bounds = UInt64(clamping: range.lowerBound)...UInt64(clamping: range.upperBound)
        return Int(clamping: try number(what, in: bounds, withUnit: true))
    }

    private static let units: [String: UInt64] = [
        "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30,
    ]

    /// `KB`, `mb`, `G` and the like. KiB always means 1024 bytes, KB does not.
    private static func looksLikeUnit(_ word: String) -> Bool {
        ["k", "m", "g", "t"].flatMap { ["\($0)", "\($0)b", "\($0)ib"] }
            .contains(word.lowercased())
    }

    private static func number(_ word: String) -> UInt64? {
        word.hasPrefix("0x") ? UInt64(word.dropFirst(2), radix: 16) : UInt64(word)
    }

    /// A status by its name in ntstatus.h or by its number.
    mutating func status() throws(Diagnostic) -> NTStatus {
        guard let status = nextStatus else {
            throw fault("a status, such as STATUS_ACCESS_DENIED or 0xC0000022")
        }
        skip()
        return status
    }

    /// The status if it is the next token.
    var nextStatus: NTStatus? {
        guard let word else { return nil }
        if word.hasPrefix("STATUS_") { return NTStatus.listed.first { $0.name == word } }
        guard word.hasPrefix("0x"), let number = UInt32(word.dropFirst(2), radix: 16) else {
            return nil
        }
        return NTStatus(rawValue: number)
    }
}

/// The words of the language that stand for values of the interface.
enum Vocabulary {
    static let operations: [(word: String, value: BypassIOOperation)] = [
        ("enable", .enable), ("disable", .disable), ("query", .query),
        ("volume-stack-pause", .volumeStackPause), ("volume-stack-resume", .volumeStackResume),
        ("stream-pause", .streamPause), ("stream-resume", .streamResume), ("get-info", .getInfo),
    ]

    static let outputFlags: [(word: String, value: BypassIOOutputFlags)] = [
        ("none", []), ("VOLUME_STACK_BYPASS_PAUSED", .volumeStackBypassPaused),
        ("STREAM_BYPASS_PAUSED", .streamBypassPaused),
        ("FILTER_ATTACH_BLOCKED", .filterAttachBlocked),
        ("COMPATIBLE_STORAGE_DRIVER", .compatibleStorageDriver),
    ]

    static let attributes: [(word: String, value: FileAttributes)] = [
        ("plain", []), ("compressed", .compressed), ("encrypted", .encrypted),
        ("sparse", .sparse), ("paging", .paging), ("dax", .dax), ("resident", .resident),
    ]

    /// `suspended` is any suspension, whatever its name.
    static let causes: [(word: String, value: Set<TraditionalCause>)] = [
        ("cached-handle", [.cachedHandle]), ("misaligned", [.misaligned]),
        ("stream-paused", [.streamPaused]), ("filter-attach-blocked", [.filterAttachBlocked]),
        ("settling", [.settling]), ("cached-elsewhere", [.cachedElsewhere]),
        ("mapped", [.mapped]), ("resident", [.resident]), ("sparse", [.sparse]),
        ("moving", [.moving]),
        ("suspended", [.cachedElsewhere, .mapped, .resident, .sparse, .moving]),
    ]

    static let suspensions: [(word: String, value: StreamSuspension)] = [
        ("cached-handle", .cachedHandle), ("mapped", .mapped), ("resident", .resident),
        ("sparse", .sparse), ("moving", .moving),
    ]

    static let sights: [(word: String, value: Sight)] = [
        ("reads", .reads), ("read", .reads), ("writes", .writes), ("write", .writes),
        ("draining", .draining),
    ]

    static let routes: [(words: [String], value: ReadRoute)] = [
        (["full", "bypass"], .fullBypass), (["filter", "bypass"], .filterBypass),
        (["storage", "bypass"], .storageBypass), (["traditional"], .traditional),
    ]

    static func word(for causes: Set<TraditionalCause>) -> String {
        self.causes.first { $0.value == causes }?.word ?? "\(causes)"
    }

    static func words(for flags: BypassIOOutputFlags) -> String {
        let words = outputFlags.dropFirst().filter { flags.contains($0.value) }.map(\.word)
        let unknown =
            flags.unknown.isEmpty ? [] : ["0x" + String(flags.unknown.rawValue, radix: 16)]
        return words.isEmpty && unknown.isEmpty
            ? "none" : (words + unknown).joined(separator: " | ")
    }

    static func words(for suspension: StreamSuspension) -> String {
        suspensions.filter { suspension.contains($0.value) }.map(\.word).joined(separator: ", ")
    }

    static func words(for route: ReadRoute) -> String {
        routes.first { $0.value == route }?.words.joined(separator: " ") ?? "\(route)"
    }
}
