/// One line of a scenario file, taken apart; empty lines and comments leave none.
struct Line: Sendable {
    let file: String
    let number: Int
    /// It begins with a blank: it belongs to the block above.
    let isIndented: Bool
    let tokens: [Token]
    /// What was written, without the comment and the blanks around it.
    let text: String
    /// The column after the last character.
    let endColumn: Int

    func position(_ column: Int) -> SourcePosition {
        SourcePosition(file: file, line: number, column: column)
    }
}
