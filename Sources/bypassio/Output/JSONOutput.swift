import Foundation

/// A value as JSON: keys sorted, so that two runs compare line by line.
enum JSONOutput {
    static func print(_ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        StandardOutput.print(String(decoding: try encoder.encode(value), as: UTF8.self))
    }
}
