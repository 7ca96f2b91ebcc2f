import Foundation
import Glibc
import SystemPackage

/// Columns of text, numbers to the right.
package struct TextTable {
    package enum Alignment { case left, right }

    private let alignments: [Alignment]
    private var rows: [[String]]

    package init(_ columns: [(title: String, alignment: Alignment)]) {
        alignments = columns.map(\.alignment)
        rows = [columns.map(\.title)]
    }

    package mutating func append(_ row: [String]) {
        precondition(row.count == alignments.count)
        rows.append(row)
    }

    /// The title row, a rule, and the rows; no trailing spaces.
    package var lines: [String] {
        let widths = alignments.indices.map { column in
            rows.map { $0[column].count }.max() ?? 0
        }
        var lines = rows.map { row in
            zip(row, zip(widths, alignments)).map { text, column in
                let padding = String(repeating: " ", count: column.0 - text.count)
                return column.1 == .left ? text + padding : padding + text
            }.joined(separator: "  ").trimmingEnd()
        }
        let rule = widths.map { String(repeating: "-", count: $0) }.joined(separator: "  ")
        lines.insert(rule, at: 1)
        return lines
    }
}

extension String {
    fileprivate func trimmingEnd() -> String {
        var text = Substring(self)
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}

/// Numbers in the form that people read.
package enum Figures {
    /// With `digits` after the point.
    package static func fixed(_ value: Double, _ digits: Int) -> String {
        String(format: "%.\(digits)f", value)
    }

    /// With a comma between thousands.
    package static func grouped(_ value: some BinaryInteger) -> String {
        let digits = String(value)
        var groups: [Substring] = []
        var rest = Substring(digits)
        while rest.count > 3 {
            groups.insert(rest.suffix(3), at: 0)
            rest = rest.dropLast(3)
        }
        groups.insert(rest, at: 0)
        return groups.joined(separator: ",")
    }
}

extension Figures {
    /// Three digits and a letter for the thousands: 941, 12.3 k, 1.20 M.
    package static func short(_ value: Double) -> String {
        var value = value
        for unit in ["", " k", " M", " G"] {
            if abs(value) < 999.5 || unit == " G" { return threeDigits(value) + unit }
            value /= 1000
        }
        return threeDigits(value)
    }

    /// 0.123, 1.23, 12.3, 123, 1234.
    package static func threeDigits(_ value: Double) -> String {
        switch abs(value) {
        case 0: "0"
        case ..<0.9995: fixed(value, 3)
        case ..<9.995: fixed(value, 2)
        case ..<99.95: fixed(value, 1)
        default: fixed(value, 0)
        }
    }

    /// ``short(_:)`` without zeros behind the point: 20, 2.5, 1 M.
    package static func tick(_ value: Double) -> String { withoutZeros(short(value)) }

    package static func durationTick(nanoseconds: Double) -> String {
        withoutZeros(duration(nanoseconds: nanoseconds))
    }

    private static func withoutZeros(_ text: String) -> String {
        let words = text.split(separator: " ", maxSplits: 1).map(String.init)
        guard var number = words.first, number.contains(".") else { return text }
        while number.last == "0" { number.removeLast() }
        if number.last == "." { number.removeLast() }
        return ([number] + words.dropFirst()).joined(separator: " ")
    }

    /// A time in whole units, of which people say that it is so long ago: 12 s, 3 min, 2 h, 5 days.
    package static func ago(seconds: Double) -> String {
        switch max(0, seconds) {
        case ..<1: "less than 1 s"
        case ..<120: "\(Int(seconds)) s"
        case ..<7200: "\(Int(seconds / 60)) min"
        case ..<172_800: "\(Int(seconds / 3600)) h"
        default: "\(Int(min(seconds / 86_400, 1e9))) days"
        }
    }

    /// A duration in the unit that suits it.
    package static func duration(nanoseconds: Double) -> String {
        switch nanoseconds {
        case ..<999.5: "\(threeDigits(nanoseconds)) ns"
        case ..<999_500: "\(threeDigits(nanoseconds / 1e3)) µs"
        case ..<999_500_000: "\(threeDigits(nanoseconds / 1e6)) ms"
        default: "\(threeDigits(nanoseconds / 1e9)) s"
        }
    }
}

extension String {
    /// The text with `\u{…}` for characters that would move a terminal's cursor or begin another
    /// line: names come from outside.
    package var onOneLine: String {
        var result = ""
        for scalar in unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator:
                result += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
            default:
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// The text with exactly one full stop at its end: a quotation there may bring its own.
    package var asSentence: String {
        guard let last = trimmed.last else { return self }
        return ".!?".contains(last) ? trimmed : trimmed + "."
    }

    /// The text without the full stop at its end: for use in brackets or before a comma.
    package var asClause: String {
        trimmed.last == "." ? String(trimmed.dropLast()) : trimmed
    }

    private var trimmed: String {
        var text = Substring(self)
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}

/// Colours, for people alone: none if the lines go to a file or a pipe, if NO_COLOR is set to any
/// value (no-color.org), or on a terminal without colours.
package struct Colour: Sendable {
    package enum Hue: Int, Sendable {
        case red = 31
        case green = 32
    }

    /// For standard error, as it was when this program began.
    package static let ofErrors = Colour(
        isTerminal: isatty(FileDescriptor.standardError.rawValue) == 1,
        environment: ProcessInfo.processInfo.environment)

    private let isShown: Bool

    init(isTerminal: Bool, environment: [String: String]) {
        let isRefused = environment["NO_COLOR"].map { !$0.isEmpty } ?? false
        isShown = isTerminal && !isRefused && environment["TERM"] != "dumb"
    }

    /// The text in that colour, or unchanged.
    package func paint(_ text: String, _ hue: Hue) -> String {
        isShown && !text.isEmpty ? "\u{1B}[\(hue.rawValue)m\(text)\u{1B}[0m" : text
    }
}
