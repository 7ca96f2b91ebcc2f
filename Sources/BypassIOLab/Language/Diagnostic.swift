/// Every fault of a file, in the order of their places; never empty when thrown.
public struct Diagnostics: Error, Sendable, Equatable, CustomStringConvertible {
    public let all: [Diagnostic]

    init(_ all: [Diagnostic]) {
        self.all = all.sorted { $0.position < $1.position }
    }

    public var description: String { all.map(\.description).joined(separator: "\n") }
}

/// A fault of a scenario file: its place and the expected text.
public struct Diagnostic: Error, Sendable, Equatable, CustomStringConvertible {
    public let position: SourcePosition
    /// What would be valid there, without a full stop.
    public let expected: String
    /// The text that stands there.
    public let found: String

    public init(_ position: SourcePosition, expected: String, found: String) {
        self.position = position
        self.expected = expected
        self.found = found
    }

    public var description: String { "\(position): expected \(expected), found \(found)" }
}

/// A place in a scenario file.
public struct SourcePosition: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The file's name as given to the parser.
    public let file: String
    /// From 1.
    public let line: Int
    /// From 1, counted in characters.
    public let column: Int

    public init(file: String, line: Int, column: Int) {
        self.file = file
        self.line = line
        self.column = column
    }

    public static func < (a: SourcePosition, b: SourcePosition) -> Bool {
        (a.file, a.line, a.column) < (b.file, b.line, b.column)
    }

    /// `FILE:LINE:COLUMN`, as compilers print it.
    public var description: String { "\(file):\(line):\(column)" }
}

/// A value and its place in the text.
public struct Located<Value: Sendable & Equatable>: Sendable, Equatable {
    public let value: Value
    public let position: SourcePosition

    public init(_ value: Value, _ position: SourcePosition) {
        self.value = value
        self.position = position
    }
}
