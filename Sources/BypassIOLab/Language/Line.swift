/// A line of a scenario file, split into tokens. Empty lines and comments give none.
struct Line: Sendable {
    let file: String
    let number: Int
    /// It begins with a blank, and so belongs to the block above.
    let isIndented: Bool
    let tokens: [Token]
    /// The line without the comment and the blanks around it.
    let text: String
    /// The column after the last character.
    let endColumn: Int

    func position(_ column: Int) -> SourcePosition {
        SourcePosition(file: file, line: number, column: column)
    }
}
