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
