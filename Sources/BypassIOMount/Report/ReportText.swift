internal import FoundationEssentials

/// A report as the service answers it: JSON on one line, keys sorted.
enum ReportText {
    static func json(_ report: some Encodable) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Integers and strings can be encoded always.
        return (try? encoder.encode(report)).map { [UInt8]($0) } ?? []
    }
}
