import Testing

/// Expects an error by docs/exit-codes.md: one line on standard error, and nothing on standard
/// output.
func expectError(
    _ outcome: BuiltCommand.Outcome, code: Int32, saying words: String...,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(outcome.code == code, "\(outcome.errors)", sourceLocation: sourceLocation)
    #expect(outcome.output.isEmpty, sourceLocation: sourceLocation)
    #expect(outcome.errorLines.count == 1, "\(outcome.errors)", sourceLocation: sourceLocation)
    #expect(
        outcome.errors.hasPrefix("bypassio: ") && outcome.errors.hasSuffix(".\n"),
        "\(outcome.errors)", sourceLocation: sourceLocation)
    for word in words {
        #expect(
            outcome.errors.contains(word), "\(outcome.errors)", sourceLocation: sourceLocation)
    }
}

/// Expects EX_USAGE: the fault and the usage on standard error, nothing on standard output.
func expectUsageError(
    _ outcome: BuiltCommand.Outcome, saying words: String = "",
    sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(outcome.code == 64, "\(outcome.errors)", sourceLocation: sourceLocation)
    #expect(outcome.output.isEmpty, sourceLocation: sourceLocation)
    #expect(outcome.errors.contains("Usage: bypassio"), sourceLocation: sourceLocation)
    #expect(
        words.isEmpty || outcome.errors.contains(words), "\(outcome.errors)",
        sourceLocation: sourceLocation)
}
