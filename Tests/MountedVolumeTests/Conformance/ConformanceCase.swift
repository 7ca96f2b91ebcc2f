import Testing

/// What one case does in a fresh directory: its calls and their answers are the directory's record.
typealias ConformanceCase = @Sendable (ConformanceDirectory) -> Void

/// Cases about one thing, by name.
struct ConformanceArea: Sendable, CustomTestStringConvertible {
    let name: String
    let cases: [String: ConformanceCase]

    var testDescription: String { "\(name) (\(cases.count) cases)" }
}
