import BypassIOProtocol
import Terminal

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
