import ArgumentParser
import BypassIOProtocol
import ControlInterface
import Foundation
import Terminal

/// `bypassio top`: who reads by which route now, and what the filters cost.
struct TopCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "top",
        abstract: "Watch a mount: reads by route, busiest files and processes, filters, events.",
        discussion: """
            Keys: q quits, p or space stops and goes on, f shows only readers that do not bypass. \
            Reads by the kernel pass no service, so they are not counted; their handles are. While \
            it looks, filters' callbacks are timed.

            Exit codes: 0 quit or the mount's end, 64 usage, 66 no bypassio volume there, 69 no \
            control interface, 75 no answer, 77 not permitted.
            """)

    @OptionGroup var place: ControlPlaceOptions

    @Argument(help: "Where the volume is mounted.")
    var mountPoint: String

    @Flag(help: "Look once, and print that.")
    var once = false

    @Flag(help: "Print JSON, a line for each look.")
    var json = false

    @Option(help: ArgumentHelp("Seconds between looks, 0.1 to 60.", valueName: "seconds"))
    var interval = 1.0

    func validate() throws {
        guard 0.1...60 ~= interval else {
            throw ValidationError("--interval takes 0.1 to 60 seconds.")
        }
    }

    func run() throws {
        try reportingErrors {
            let asked = try place.client(mountPoint)
            let screen = once || json ? nil : TopScreen()
            defer { screen?.end() }
            var view = TopView(mountPoint: mountPoint)
            var watch = try ServiceWatch(asked, mountPoint)
            while true {
                do {
                    view.take(try look(asked))
                    _ = watch.hasChanged(Self.loss)
                } catch let error as CommandError
                    where error.status == .noInput && view.activity != nil
                {
                    guard try watch.next(Self.loss) != .nowhere else { return }
                    continue
                }
                if json {
                    try JSONOutput.printLine(view.activity)
                } else if let screen {
                    screen.draw(view.lines(width: screen.width, height: screen.height))
                } else {
                    view.lines(width: 80, height: .max).map(\.onOneLine)
                        .forEach(StandardOutput.print)
                }
                if once { return }
                guard let screen else { continue }
                guard screen.handleKeys(&view) else { return }
            }
        }
    }

    /// Of another service.
    private static let loss = "Its counts begin anew."

    private func look(_ asked: MountControlClient) throws -> (ActivityReport, EventPage) {
        let milliseconds = Int(interval * 1000)
        return try asked.ask { client throws(ControlClientError) in
            let activity: ActivityReport = try client.get(
                "/v1/activity?milliseconds=\(milliseconds)&limit=40")
            return (activity, try client.get("/v1/events?limit=4096"))
        }
    }
}

/// What `top` shows, as lines of text.
struct TopView {
    private let mountPoint: String
    private(set) var activity: ActivityReport?
    private var events: [ServiceEvent] = []
    /// Only readers some handle of which does not bypass.
    var showsSlowOnly = false
    var isStopped = false

    init(mountPoint: String) { self.mountPoint = mountPoint }

    mutating func take(_ look: (ActivityReport, EventPage)) {
        guard !isStopped else { return }
        (activity, events) = (look.0, Array(look.1.events.suffix(64)))
    }

    /// At most as many lines as the screen has, each at most as wide.
    func lines(width: Int, height: Int) -> [String] {
        guard let activity else { return [] }
        var lines = [title(activity), ""] + routes(activity) + [""] + filters(activity)
        // Readers and events share what is left of the screen.
        let left = height == .max ? 60 : max(0, height - lines.count - 4)
        let eventLines = min(events.count, max(1, left / 4))
        let readerLines = max(1, (left - eventLines) / 2)
        lines += [""] + readers("file", activity.files, readerLines)
        lines += [""] + readers("process", activity.processes, readerLines)
        if !events.isEmpty {
            lines +=
                [""]
                + events.suffix(eventLines).map { "\($0.time.dropFirst(11).prefix(8))  \($0.text)" }
        }
        return lines.prefix(height).map { String($0.onOneLine.prefix(width)) }
    }

    private func title(_ activity: ActivityReport) -> String {
        let mode = (isStopped ? "  [stopped]" : "") + (showsSlowOnly ? "  [not bypassing]" : "")
        return "\(mountPoint): \(activity.openHandles) open, "
            + "\(activity.handlesWithBypass) with bypass\(mode)"
    }

    private func routes(_ activity: ActivityReport) -> [String] {
        var table = TextTable([
            ("route", .left), ("opens/s", .right), ("reads/s", .right), ("MB/s", .right),
        ])
        for route in HandleRoute.allCases {
            guard let rate = activity.routes[route] else { continue }
            table.append([
                route.rawValue, Figures.short(rate.opensPerSecond),
                rate.readsPerSecond.map(Figures.short) ?? "not known",
                rate.bytesPerSecond.map { Figures.short($0 / 1e6) } ?? "not known",
            ])
        }
        return table.lines
    }

    private func filters(_ activity: ActivityReport) -> [String] {
        guard !activity.filters.isEmpty else { return ["No filter is attached."] }
        var table = TextTable([
            ("filter", .left), ("altitude", .right), ("callbacks/s", .right), ("p50", .right),
            ("p99", .right), ("", .left),
        ])
        for filter in activity.filters {
            table.append([
                filter.name, filter.altitude, Figures.short(filter.callbacksPerSecond),
                filter.p50.map { Figures.duration(nanoseconds: Double($0)) } ?? "-",
                filter.p99.map { Figures.duration(nanoseconds: Double($0)) } ?? "-",
                filter.supportsBypassIO ? "" : "blocks BypassIO",
            ])
        }
        return table.lines
    }

    private func readers(
        _ kind: String, _ readers: [ActivityReport.Reader], _ limit: Int
    ) -> [String] {
        var table = TextTable([
            ("reads/s", .right), ("MB/s", .right), ("routes", .left), (kind, .left),
        ])
        let shown = readers.filter { !showsSlowOnly || $0.isSlow }
        for reader in shown.prefix(limit) {
            let routes = reader.routes.sorted { $0.key.rawValue < $1.key.rawValue }.map {
                "\($1) \($0)"
            }
            table.append([
                Figures.short(reader.readsPerSecond), Figures.short(reader.bytesPerSecond / 1e6),
                routes.joined(separator: ", "), kind == "process" ? reader.process : reader.name,
            ])
        }
        return table.lines
    }
}

extension ActivityReport.Reader {
    /// Some handle of it does not bypass.
    fileprivate var isSlow: Bool {
        routes.keys.contains { $0 == .traditional || $0 == .gated }
    }

    /// Of a process: its number and name.
    fileprivate var process: String {
        Int32(name).map { ReadingProcess(thread: $0).words } ?? name
    }
}
