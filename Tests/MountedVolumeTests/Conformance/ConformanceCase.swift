import Testing

/// A case works in a fresh directory, whose record has its calls and their answers.
typealias ConformanceCase = @Sendable (ConformanceDirectory) -> Void

/// Cases about the same subject, by name.
struct ConformanceArea: Sendable, CustomTestStringConvertible {
    let name: String
    let cases: [String: ConformanceCase]

    var testDescription: String { "\(name) (\(cases.count) cases)" }
}
