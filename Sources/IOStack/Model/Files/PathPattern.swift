/// A pattern of paths: `*` and `?` stand for characters within a name, `**` for any, `**/` also for
/// no folder at all, `[a-z]` and `[!a-z]` for one of a set. A backslash takes the meaning off the
/// next character. A pattern without a slash is about a file's last name.
///
/// Looking takes time in proportion to the lengths of path and pattern, whatever they are.
public struct PathPattern: Sendable, Equatable, CustomStringConvertible {
    /// In characters.
    public static let longest = 1024

    private enum Part: Sendable, Equatable {
        case one(Unicode.Scalar)
        case anyOne
        case anyInName
        case any
        /// Whole folders, or none; and the place within them.
        case anyFolders
        case inFolders
        case set([ClosedRange<Unicode.Scalar>], isNegated: Bool)
    }

    /// As it was written.
    public let description: String
    private let parts: [Part]
    private let isOfName: Bool

    /// nil: it is empty, too long, or has a set without an end or with a range that runs backwards.
    public init?(_ text: String) {
        description = text
        var rest = Substring(text).unicodeScalars
        guard !rest.isEmpty, rest.count <= Self.longest else { return nil }
        isOfName = !rest.contains("/")
        if rest.first == "/" { rest.removeFirst() }
        var parts: [Part] = []
        while let next = rest.popFirst() {
            switch next {
            case "\\": parts.append(.one(rest.popFirst() ?? "\\"))
            case "?": parts.append(.anyOne)
            case "*": parts += Self.star(&rest)
            case "[":
                guard let set = Self.set(&rest) else { return nil }
                parts.append(set)
            default: parts.append(.one(next))
            }
        }
        self.parts = parts
    }

    private static func star(_ rest: inout Substring.UnicodeScalarView) -> [Part] {
        guard rest.first == "*" else { return [.anyInName] }
        while rest.first == "*" { rest.removeFirst() }
        guard rest.first == "/" else { return [.any] }
        rest.removeFirst()
        return [.anyFolders, .inFolders]
    }

    /// What stands behind an opening bracket, up to the closing one.
    private static func set(_ rest: inout Substring.UnicodeScalarView) -> Part? {
        let isNegated = rest.first == "!" || rest.first == "^"
        if isNegated { rest.removeFirst() }
        var ranges: [ClosedRange<Unicode.Scalar>] = []
        while let low = rest.popFirst() {
            // A bracket that comes first is one of the set.
            if low == "]", !ranges.isEmpty { return .set(ranges, isNegated: isNegated) }
            var high = low
            if rest.first == "-", let end = rest.dropFirst().first, end != "]" {
                rest.removeFirst(2)
                high = end
            }
            guard low <= high else { return nil }
            ranges.append(low...high)
        }
        return nil
    }

    /// - Parameter path: from the volume's root, without a slash at its beginning.
    public func matches(_ path: String) -> Bool {
        guard isOfName else { return places(after: path.unicodeScalars).contains(parts.count) }
        let name = path.split(separator: "/", omittingEmptySubsequences: true).last ?? ""
        return places(after: name.unicodeScalars).contains(parts.count)
    }

    /// Whether paths below the directory `new` can match that would not match below `old`, nor
    /// anywhere in the tree. A pattern of names alone says the same everywhere.
    public func meetsMore(below new: String, than old: String?) -> Bool {
        guard !isOfName else { return false }
        var known = places(after: "".unicodeScalars)
        if let old { known.formUnion(places(after: (old + "/").unicodeScalars)) }
        return !places(after: (new + "/").unicodeScalars).isSubset(of: known)
    }

    /// Where in the pattern a look may be after those characters: before a part, or at the end.
    private func places(after scalars: some Sequence<Unicode.Scalar>) -> PatternPlaces {
        var places = PatternPlaces(count: parts.count + 1)
        enter(0, &places)
        for scalar in scalars {
            guard !places.isEmpty else { break }
            var next = PatternPlaces(count: parts.count + 1)
            places.forEach { place in
                if place < parts.count { step(place, scalar, &next) }
            }
            places = next
        }
        return places
    }

    /// What may stand for nothing is passed at once, too.
    private func enter(_ place: Int, _ places: inout PatternPlaces) {
        guard places.insert(place), place < parts.count else { return }
        switch parts[place] {
        case .anyInName, .any: enter(place + 1, &places)
        case .anyFolders:
            enter(place + 1, &places)
            enter(place + 2, &places)
        case .one, .anyOne, .set, .inFolders: break
        }
    }

    private func step(
        _ place: Int, _ scalar: Unicode.Scalar, _ next: inout PatternPlaces
    ) {
        switch parts[place] {
        case .one(let wanted):
            if scalar == wanted { enter(place + 1, &next) }
        case .anyOne:
            if scalar != "/" { enter(place + 1, &next) }
        case .anyInName:
            if scalar != "/" { enter(place, &next) }
        case .any:
            enter(place, &next)
        case .anyFolders: break
        case .inFolders:
            enter(place, &next)
            if scalar == "/" { enter(place + 1, &next) }
        case .set(let ranges, let isNegated):
            let isInSet = ranges.contains { $0.contains(scalar) }
            if scalar != "/", isInSet != isNegated { enter(place + 1, &next) }
        }
    }
}

/// A set of places in a pattern. Up to 64 need no memory of their own.
private struct PatternPlaces {
    private var first: UInt64 = 0
    private var rest: [UInt64]

    init(count: Int) {
        rest = count <= 64 ? [] : Array(repeating: 0, count: (count - 1) / 64)
    }

    var isEmpty: Bool { first == 0 && rest.allSatisfy { $0 == 0 } }

    func contains(_ place: Int) -> Bool {
        let bit: UInt64 = 1 << UInt64(place & 63)
        return (place < 64 ? first : rest[place / 64 - 1]) & bit != 0
    }

    /// Whether it was not there.
    mutating func insert(_ place: Int) -> Bool {
        guard !contains(place) else { return false }
        let bit: UInt64 = 1 << UInt64(place & 63)
        if place < 64 { first |= bit } else { rest[place / 64 - 1] |= bit }
        return true
    }

    /// Of a set for the same pattern.
    mutating func formUnion(_ other: PatternPlaces) {
        first |= other.first
        for index in rest.indices { rest[index] |= other.rest[index] }
    }

    func isSubset(of other: PatternPlaces) -> Bool {
        first & ~other.first == 0 && rest.indices.allSatisfy { rest[$0] & ~other.rest[$0] == 0 }
    }

    func forEach(_ body: (Int) -> Void) {
        Self.forEach(first, from: 0, body)
        for (index, word) in rest.enumerated() { Self.forEach(word, from: (index + 1) * 64, body) }
    }

    private static func forEach(_ word: UInt64, from start: Int, _ body: (Int) -> Void) {
        var word = word
        while word != 0 {
            body(start + word.trailingZeroBitCount)
            word &= word - 1
        }
    }
}
