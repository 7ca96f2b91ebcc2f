import BypassIOProtocol
import IOStack

/// A text that is no rule, in a sentence without an end.
public struct FaultRuleError: Error, Sendable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}

extension FaultRule {
    /// From `GLOB;word;word…`, such as `*.db;read+write;p=0.5;errno=EIO`.
    public init(_ text: String) throws(FaultRuleError) {
        var words = text.split(separator: ";").map(String.init)[...]
        guard let first = words.popFirst(), let glob = PathPattern(first) else {
            throw FaultRuleError("it begins with a pattern of paths, such as *.db")
        }
        self.init(name: "", glob: glob, operations: [], effect: .none, text: text)
        for word in words { try take(word) }
        if operations.isEmpty { operations = usualOperations }
        try judge()
    }

    /// Those that the effect can do something to.
    private var usualOperations: Operations {
        switch effect {
        case .short, .flip: .read
        default: .all
        }
    }

    private mutating func take(_ word: String) throws(FaultRuleError) {
        let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let value = parts.count == 2 ? String(parts[1]) : nil
        switch (String(parts[0]), value) {
        case ("name", let value?): name = try Self.name(value)
        case ("range", let value?): range = try Self.range(value)
        case ("p", let value?): probability = try Self.probability(value)
        case ("count", let value?): limit = try Self.count(value)
        case ("delay", let value?): delay = try Self.delay(value)
        case ("errno", let value?): try set(.fail(try Self.status(value)))
        case ("short", nil): try set(.short(nil))
        case ("short", let value?):
            guard let bytes = Int(value), bytes >= 0 else {
                throw FaultRuleError("short=\(value): name bytes, 0 or more")
            }
            try set(.short(bytes))
        case ("flip", nil): try set(.flip)
        case ("hang", nil): try set(.hang(isStubborn: false))
        case ("hang", "stubborn"): try set(.hang(isStubborn: true))
        case ("crash", nil): try set(.crash)
        case (let names, nil):
            for name in names.split(separator: "+", omittingEmptySubsequences: false) {
                operations.formUnion(try Self.operation(String(name)))
            }
        default: throw FaultRuleError("\(word) says nothing to a rule")
        }
    }

    private mutating func set(_ effect: Effect) throws(FaultRuleError) {
        guard self.effect == .none else {
            throw FaultRuleError(
                "it has two of errno, short, flip, hang and crash: write two rules")
        }
        self.effect = effect
    }

    private func judge() throws(FaultRuleError) {
        switch effect {
        case .none where delay == .zero:
            throw FaultRuleError("it does nothing: add delay=, errno=, short, flip, hang or crash")
        case .short where operations != .read, .flip where operations != .read:
            throw FaultRuleError("short and flip are for reads alone")
        case .hang where delay != .zero: throw FaultRuleError("what hangs needs no delay")
        case .crash where delay != .zero: throw FaultRuleError("what crashes needs no delay")
        default: break
        }
        let hasData = !operations.isDisjoint(with: [.read, .write])
        guard hasData || range == 0..<UInt64.max else {
            throw FaultRuleError("a range is for reads and writes")
        }
    }

    // MARK: Values

    private static func operation(_ word: String) throws(FaultRuleError) -> Operations {
        if let found = Operations.names.first(where: { $0.name == word }) { return found.operation }
        if word == "any" { return .all }
        let known = Operations.names.map(\.name).joined(separator: ", ")
        throw FaultRuleError("\(word) is no operation: there are \(known), any")
    }

    private static func name(_ text: String) throws(FaultRuleError) -> String {
        let isWord = text.allSatisfy {
            $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_")
        }
        guard !text.isEmpty, isWord, text.count <= 32, text != "all" else {
            throw FaultRuleError("name=\(text): write up to 32 letters, digits, - and _")
        }
        return text
    }

    /// `FIRST-LAST` or `FIRST-`, bytes.
    private static func range(_ text: String) throws(FaultRuleError) -> Range<UInt64> {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        let fault = FaultRuleError("range=\(text): write FIRST-LAST or FIRST-, in bytes")
        guard parts.count == 2, let first = UInt64(parts[0]) else { throw fault }
        if parts[1].isEmpty { return first..<UInt64.max }
        guard let last = UInt64(parts[1]), first <= last, last < UInt64.max else { throw fault }
        return first..<last + 1
    }

    private static func probability(_ text: String) throws(FaultRuleError) -> Double {
        guard let value = Double(text), value > 0, value <= 1 else {
            throw FaultRuleError("p=\(text): name a number over 0, and up to 1")
        }
        return value
    }

    private static func count(_ text: String) throws(FaultRuleError) -> UInt64 {
        guard let value = UInt64(text), value > 0 else {
            throw FaultRuleError("count=\(text): name a number from 1 on")
        }
        return value
    }

    /// `50ms` or `2s`, an hour at most.
    private static func delay(_ text: String) throws(FaultRuleError) -> Duration {
        let isShort = text.hasSuffix("ms")
        let digits = text.dropLast(isShort ? 2 : 1)
        guard isShort || text.hasSuffix("s"), let value = UInt32(digits), value > 0,
            value <= (isShort ? 3_600_000 : 3600)
        else { throw FaultRuleError("delay=\(text): write 50ms or 2s, and an hour at most") }
        return isShort ? .milliseconds(value) : .seconds(value)
    }

    private static func status(_ text: String) throws(FaultRuleError) -> NTStatus {
        guard let status = NamedErrno.status(text) else {
            let known = NamedErrno.all.map(\.name).joined(separator: ", ")
            throw FaultRuleError("errno=\(text): there are \(known)")
        }
        return status
    }
}
