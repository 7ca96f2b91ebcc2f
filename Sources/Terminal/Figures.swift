import Foundation

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
