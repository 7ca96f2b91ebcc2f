import ArgumentParser
import BypassIOProtocol
import Foundation

/// From where on events are shown.
struct EventStart: ExpressibleByArgument, Sendable {
    /// Events behind this number.
    let number: UInt64?
    private let time: Date?

    init?(argument: String) {
        if let number = UInt64(argument) {
            (self.number, time) = (number, nil)
        } else if let ago = Self.seconds(argument) {
            (number, time) = (nil, Date(timeIntervalSinceNow: -ago))
        } else if let date = Self.date(argument) {
            (number, time) = (nil, date)
        } else {
            return nil
        }
    }

    func includes(_ event: ServiceEvent) -> Bool {
        guard let time, let came = Self.date(event.time) else { return true }
        return came >= time
    }

    private static func date(_ text: String) -> Date? {
        let exact = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        return (try? exact.parse(text)) ?? (try? Date.ISO8601FormatStyle().parse(text))
    }

    private static func seconds(_ text: String) -> Double? {
        let units: [Character: Double] = ["s": 1, "m": 60, "h": 3600, "d": 86400]
        guard let last = text.last, let unit = units[last], let count = Double(text.dropLast()),
            count >= 0, count.isFinite
        else { return nil }
        return count * unit
    }
}
