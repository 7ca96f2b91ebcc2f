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
