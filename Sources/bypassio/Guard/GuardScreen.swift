import BypassIOProtocol
import ControlInterface
import Foundation
import SystemPackage
import Terminal

/// What became of a guarded directory, on one screen.
struct GuardScreen {
    /// Lines of each kind; the rest is counted.
    private static let most = 12

    private let service: GuardService
    /// What the service tells.
    private let told: [String]

    /// While the service runs.
    init(_ service: GuardService) {
        self.service = service
        told =
            Self.lines(of: service.place.path, service.client)
            ?? ["guard: the service of \(service.place.path) is gone; COMMAND got errors."]
    }

    /// To standard error, which the command's output does not share. After the service's end: then
    /// all that it wrote down is there.
    func show() {
        let summary = GuardSummary(service.record.string, since: service.start)
        let lines = told + Self.lines(of: summary, service.undo)
        lines.forEach { StandardOutput.complain($0.onOneLine) }
    }

    /// Of a guard that runs, as far as its records are written. Throws a ``CommandError`` where the
    /// directory has none.
    static func lines(of place: GuardedDirectory, _ asked: MountControlClient) throws -> [String] {
        let (instances, told) = try asked.ask { client throws(ControlClientError) in
            let instances: [InstanceReport] = try client.get("/v1/instances")
            return (instances, lines(of: place.path, client))
        }
        func settings(_ filter: ShippedFilter) -> [String: String] {
            instances.first { $0.filter == filter.rawValue }?.settings ?? [:]
        }
        guard let told, let record = settings(.audit)["file"], let begun = begun(asked) else {
            throw CommandError(
                .noInput, "\(place.path) has no guard: bypassio events shows what a mount does.")
        }
        let kept = settings(.undo)
        let undo = try kept["store"].flatMap { store in
            try kept["session"].map { try UndoPlace(store: FilePath(store), name: $0) }
        }
        return told + lines(of: GuardSummary(record, begunBy: begun), undo)
    }

    /// When the service had mounted, as records have it.
    private static func begun(_ asked: MountControlClient) -> String? {
        let page: EventPage? = try? asked.client.get("/v1/events?limit=1000")
        return page?.events.first { $0.kind == .mounted }?.time
    }

    private static func lines(of summary: GuardSummary?, _ undo: UndoPlace?) -> [String] {
        (summary?.lines ?? ["  The record of what it did is gone."])
            + (undo.map { GuardUndo.ways(of: $0) } ?? [])
    }

    /// nil where the service does not tell.
    private static func lines(of place: FilePath, _ client: ControlClient) -> [String]? {
        guard let page: EventPage = try? client.get("/v1/events?limit=4096"),
            let volume: VolumeReport = try? client.get("/v1/volume")
        else { return nil }
        let denied = Self.told(page.events.filter { $0.kind == .denied })
        let asked = Self.told(page.events.filter { $0.kind == .asked && $0.cause != "asked" })
        let opens = volume.routes.filter { $0.value.opens > 0 }
            .map { "\($0.value.opens) by \($0.key.rawValue)" }.sorted()
        var lines = ["guard: \(place)"]
        lines += Self.part("denied", denied)
        lines += Self.part("allowed by an answer", asked)
        if denied.isEmpty { lines.append("  denied: nothing") }
        lines.append("  files opened: " + (opens.isEmpty ? "none" : opens.joined(separator: ", ")))
        lines += page.events.filter { $0.kind == .problem }.map { "  \($0.text)" }
        if page.lost > 0 { lines.append("  \(page.lost) older events are kept no more.") }
        return lines
    }

    /// What happened, with how often.
    private static func told(_ events: [ServiceEvent]) -> [(text: String, count: UInt64)] {
        var told: [(text: String, count: UInt64)] = []
        for event in events {
            if let place = told.firstIndex(where: { $0.text == event.text }) {
                told[place].count += event.count
            } else {
                told.append((event.text, event.count))
            }
        }
        return told
    }

    private static func part(_ title: String, _ told: [(text: String, count: UInt64)]) -> [String] {
        guard !told.isEmpty else { return [] }
        let total = told.reduce(0) { $0 + $1.count }
        var lines = ["  \(title): \(total)"]
        lines += told.prefix(most).map {
            "    \($0.text)\($0.count > 1 ? ", \($0.count) times" : "")"
        }
        if told.count > most { lines.append("    and \(told.count - most) more: bypassio events") }
        return lines
    }
}
