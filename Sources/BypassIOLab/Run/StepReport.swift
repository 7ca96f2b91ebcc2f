/// A step that did not give its answers: expected and got, side by side.
public struct StepReport: Sendable, Equatable {
    public struct Row: Sendable, Equatable {
        public let position: SourcePosition
        public let expected: String
        /// nil: the expected answer.
        public let got: String?
    }

    public let position: SourcePosition
    public let number: Int
    public let text: String
    public let rows: [Row]

    /// The first answer that is missing decides the place.
    public var lines: [String] {
        let place = rows.first { $0.got != nil }?.position ?? position
        let width = max(8, rows.map(\.expected.count).max() ?? 0)
        func padded(_ text: String) -> String {
            text + String(repeating: " ", count: max(0, width - text.count))
        }
        return ["\(place): step \(number): \(text)", "      \(padded("expected"))  got"]
            + rows.map { row in
                "    \(row.got == nil ? " " : "!") \(padded(row.expected))  "
                    + (row.got ?? "the same")
            }
    }
}
