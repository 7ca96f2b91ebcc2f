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
        let name =
            isOfName ? path.split(separator: "/", omittingEmptySubsequences: true).last : path[...]
        var places = Array(repeating: false, count: parts.count + 1)
        enter(0, &places)
        for scalar in (name ?? "").unicodeScalars {
            var next = Array(repeating: false, count: parts.count + 1)
            for place in parts.indices where places[place] { step(place, scalar, &next) }
            places = next
        }
        return places[parts.count]
    }

    /// What may stand for nothing is passed at once, too.
    private func enter(_ place: Int, _ places: inout [Bool]) {
        guard !places[place] else { return }
        places[place] = true
        guard place < parts.count else { return }
        switch parts[place] {
        case .anyInName, .any: enter(place + 1, &places)
        case .anyFolders:
            enter(place + 1, &places)
            enter(place + 2, &places)
        case .one, .anyOne, .set, .inFolders: break
        }
    }

    private func step(_ place: Int, _ scalar: Unicode.Scalar, _ next: inout [Bool]) {
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
