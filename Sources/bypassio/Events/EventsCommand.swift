import ArgumentParser
import BypassIOProtocol
import ControlInterface
import Foundation
import Terminal

/// `bypassio events`: what happened on a mount.
struct EventsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events",
        abstract:
            "Show vetoes, pauses, suspensions, attaches and whatever else happened on a mount.",
        discussion: """
            What happens again within a second is one event with its count. docs/events.md lists \
            the kinds.

            Where a service takes the place of another, as by bypassio restart, --follow goes on with \
            its events, which count from 1 again, and says so on standard error.

            Exit codes: 0 shown, or the mount has ended, 64 usage, 66 no bypassio volume there, 69 \
            no control interface, 75 no answer, 77 not permitted.
            """)

    @OptionGroup var place: ControlPlaceOptions

    @Argument(help: "Where the volume is mounted.")
    var mountPoint: String

    @Flag(
        help:
            "Go on with the events that come, of a next service too, until Ctrl-C or the mount's end."
    )
    var follow = false

    @Flag(help: "Print a line of JSON for each.")
    var json = false

    @Option(
        help: ArgumentHelp(
            "Only events behind this number, since this time, or of the last 10m, 2h, 30s.",
            valueName: "number|time|ago"))
    var since: EventStart?

    func run() throws {
        try reportingErrors {
            let asked = try place.client(mountPoint)
            let watch = follow ? try ServiceWatch(asked, mountPoint) : nil
            var number = since?.number ?? 0
            repeat {
                let page = try asked.ask { client throws(ControlClientError) in
                    try client.get("/v1/events?after=\(number)&limit=1000", as: EventPage.self)
                }
                if page.lost > 0 { tellLost(page.lost) }
                for event in page.events { show(event) }
                if page.next == number || page.events.isEmpty { break }
                number = page.next
            } while true
            guard var watch else { return }
            try stream(asked, from: &number, &watch)
            while true {
                switch try watch.next(Self.loss(number)) {
                case .same: break
                // Its events count from 1.
                case .another: number = 0
                case .nowhere: return
                }
                // It may be replaced in this moment.
                do { try stream(asked, from: &number, &watch) } catch  where Self.isGone(error) {}
            }
        }
    }

    private static func loss(_ number: UInt64) -> String {
        "Events behind \(number) may be missing."
    }

    private static func isGone(_ error: any Error) -> Bool {
        (error as? CommandError)?.status == .noInput
    }

    /// Shows events as they come, behind that number, until the service ends.
    ///
    /// It may be another than the one that was asked before: that is known once it agrees.
    private func stream(
        _ asked: MountControlClient, from number: inout UInt64, _ watch: inout ServiceWatch
    ) throws {
        var last = number
        defer { number = last }
        var isOther = false
        repeat {
            if isOther { last = 0 }
            isOther = false
            try asked.ask { client throws(ControlClientError) in
                var lines = LineBuffer()
                try client.follow(
                    "/v1/events/stream?after=\(last)",
                    begun: {
                        isOther = watch.hasChanged(Self.loss(last))
                        return !isOther
                    }
                ) { piece in
                    for line in lines.lines(adding: piece) { last = show(line) ?? last }
                    return true
                }
            }
        } while isOther
    }

    private struct Lost: Decodable { let lost: UInt64 }

    /// Returns the number of an event.
    private func show(_ line: [UInt8]) -> UInt64? {
        guard !line.isEmpty else { return nil }
        let decoder = JSONDecoder()
        if let event = try? decoder.decode(ServiceEvent.self, from: Data(line)) {
            show(event)
            return event.number
        } else if let missing = try? decoder.decode(Lost.self, from: Data(line)) {
            tellLost(missing.lost)
        }
        return nil
    }

    private func show(_ event: ServiceEvent) {
        guard since?.includes(event) ?? true else { return }
        if json {
            // A report can always be encoded.
            try? JSONOutput.printLine(event)
        } else {
            let again = event.count == 1 ? "" : " (\(event.count) times)"
            StandardOutput.print("\(event.time)  \(event.word)  \(event.text)\(again)".onOneLine)
        }
    }

    private func tellLost(_ count: UInt64) {
        StandardOutput.complain(
            count == 1 ? "1 event is kept no more." : "\(count) events are kept no more.")
    }
}

extension ServiceEvent {
    /// Kind, or what is the matter, in a column.
    fileprivate var word: String {
        let word = severity == .info || severity == .notice ? kind.rawValue : severity.rawValue
        return word.padding(toLength: 15, withPad: " ", startingAt: 0)
    }
}

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
