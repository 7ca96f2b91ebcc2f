/// A pattern for paths from a volume's root.
///
/// `?` is one character, `*` any number of them, `[a-z]` and `[!a-z]` one of a set, none of them a
/// slash; `**` crosses slashes, and `**/` may also stand for nothing. A pattern without a slash is
/// held against the last name alone: `*.db` is every such file of the volume.
public struct PathGlob: Sendable, Equatable, CustomStringConvertible {
    private enum Piece: Sendable, Equatable {
        case character(Unicode.Scalar)
        case anyCharacter
        case set([ClosedRange<UInt32>], isExcluded: Bool)
        /// `*`
        case characters
        /// `**`
        case everything
        /// `**/`: nothing, or what ends in a slash. Two places: at its beginning, and within.
        case folders
        case withinFolders
    }

    public let description: String
    private let pieces: [Piece]
    private let isOfLastName: Bool

    /// nil for an empty pattern and for a set without its end.
    public init?(_ text: String) {
        let pattern = text.hasPrefix("/") ? String(text.dropFirst()) : text
        guard !pattern.isEmpty, let pieces = Self.pieces(of: Array(pattern.unicodeScalars)) else {
            return nil
        }
        description = text
        self.pieces = pieces
        isOfLastName = !text.contains("/")
    }

    private static func pieces(of pattern: [Unicode.Scalar]) -> [Piece]? {
        var pieces: [Piece] = []
        var rest = pattern[...]
        while let scalar = rest.popFirst() {
            switch scalar {
            case "?": pieces.append(.anyCharacter)
            case "*" where rest.first == "*":
                rest = rest.drop { $0 == "*" }
                guard rest.first == "/" else {
                    pieces.append(.everything)
                    continue
                }
                rest.removeFirst()
                pieces += [.folders, .withinFolders]
            case "*": pieces.append(.characters)
            case "[":
                guard let set = set(&rest) else { return nil }
                pieces.append(set)
            default: pieces.append(.character(scalar))
            }
        }
        return pieces
    }

    /// What stands behind an opening bracket, up to the closing one.
    private static func set(_ rest: inout ArraySlice<Unicode.Scalar>) -> Piece? {
        let isExcluded = rest.first == "!" || rest.first == "^"
        if isExcluded { rest.removeFirst() }
        var ranges: [ClosedRange<UInt32>] = []
        // A bracket that comes first is one of the set.
        while let first = rest.popFirst() {
            if first == "]", !ranges.isEmpty { return .set(ranges, isExcluded: isExcluded) }
            var last = first
            if rest.first == "-", let end = rest.dropFirst().first, end != "]" {
                rest = rest.dropFirst(2)
                last = end
            }
            guard first.value <= last.value else { return nil }
            ranges.append(first.value...last.value)
        }
        return nil
    }

    /// Takes as long as the pattern times the path, however many stars there are.
    public func matches(_ path: String) -> Bool {
        let text =
            isOfLastName
            ? path.unicodeScalars.suffix(while: { $0 != "/" }) : path.unicodeScalars[...]
        var places = [Bool](repeating: false, count: pieces.count + 1)
        enter(0, &places)
        for scalar in text {
            var next = [Bool](repeating: false, count: places.count)
            for place in pieces.indices where places[place] {
                step(from: place, over: scalar, &next)
            }
            places = next
        }
        return places[pieces.count]
    }

    /// Comes to a place, and to those behind it that take nothing to reach.
    private func enter(_ place: Int, _ places: inout [Bool]) {
        guard !places[place] else { return }
        places[place] = true
        guard place < pieces.count else { return }
        switch pieces[place] {
        case .characters, .everything: enter(place + 1, &places)
        case .folders:
            places[place + 1] = true
            enter(place + 2, &places)
        default: break
        }
    }

    private func step(
        from place: Int, over scalar: Unicode.Scalar, _ next: inout [Bool]
    ) {
        switch pieces[place] {
        case .character(let own): if own == scalar { enter(place + 1, &next) }
        case .anyCharacter: if scalar != "/" { enter(place + 1, &next) }
        case .set(let ranges, let isExcluded):
            let isIn = ranges.contains { $0.contains(scalar.value) }
            if scalar != "/", isIn != isExcluded { enter(place + 1, &next) }
        case .characters: if scalar != "/" { enter(place, &next) }
        case .everything: enter(place, &next)
        case .folders: break
        case .withinFolders:
            next[place] = true
            if scalar == "/" { enter(place + 1, &next) }
        }
    }
}

extension String.UnicodeScalarView {
    fileprivate func suffix(while isPart: (Unicode.Scalar) -> Bool) -> Substring.UnicodeScalarView {
        var start = endIndex
        while start > startIndex, isPart(self[index(before: start)]) {
            start = index(before: start)
        }
        return self[start...]
    }
}
