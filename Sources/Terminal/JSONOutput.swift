import Foundation

/// A value as JSON, with sorted keys, so that two runs compare line by line.
package enum JSONOutput {
    package static func print(_ value: some Encodable) throws {
        StandardOutput.print(try text(value))
    }

    package static func text(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}
