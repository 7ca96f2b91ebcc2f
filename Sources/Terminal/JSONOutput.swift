package import Foundation

/// A value as JSON, with sorted keys, so that two runs compare line by line.
package enum JSONOutput {
    package static func print(_ value: some Encodable) throws {
        StandardOutput.print(try text(value))
    }

    /// On one line, for programs that read lines.
    package static func printLine(_ value: some Encodable) throws {
        StandardOutput.print(try text(value, formatting: []))
    }

    package static func text(
        _ value: some Encodable, formatting: JSONEncoder.OutputFormatting = .prettyPrinted
    ) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = formatting.union([.sortedKeys, .withoutEscapingSlashes])
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}
