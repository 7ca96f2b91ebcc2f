package import Foundation
import Glibc
package import SystemPackage

/// Lines to standard output and standard error, whole lines in one write.
package enum StandardOutput {
    package static func print(_ line: String) {
        write(line + "\n", to: .standardOutput)
    }

    package static func complain(_ line: String) {
        write(line + "\n", to: .standardError)
    }

    package static func write(_ text: String, to descriptor: FileDescriptor) {
        // An error means that the reader is gone, so it cannot be reported.
        _ = try? descriptor.writeAll(text.utf8)
    }
}

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

/// A line on standard error that fills up. Without a terminal only its beginning and end.
package struct ProgressBar {
    private let title: String
    private let total: UInt64
    private let isWatched: Bool
    private var shownPercent: UInt64?

    package init(_ title: String, total: UInt64) {
        self.title = title
        self.total = max(1, total)
        isWatched = isatty(FileDescriptor.standardError.rawValue) == 1
        if !isWatched { StandardOutput.complain(title) }
    }

    package mutating func show(_ done: UInt64) {
        let percent = min(100, done * 100 / total)
        guard isWatched, percent != shownPercent else { return }
        shownPercent = percent
        let width = 30
        let filled = Int(percent) * width / 100
        let bar =
            Colour.ofErrors.paint(String(repeating: "#", count: filled), .green)
            + String(repeating: ".", count: width - filled)
        StandardOutput.write("\r\(title) [\(bar)] \(percent) %", to: .standardError)
    }

    package func finish() {
        if isWatched { StandardOutput.write("\n", to: .standardError) }
    }
}
