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
        told = Self.lines(of: service)
    }

    /// To standard error, which the command's output does not share. After the service's end: then
    /// all that it wrote down is there.
    func show() {
        let summary = GuardSummary(service.record.string, since: service.start)
        let lines = told + (summary?.lines ?? ["  The record of what it did is gone."])
        let ways = service.undo.map { GuardUndo.ways(of: $0) } ?? []
        (lines + ways).forEach { StandardOutput.complain($0.onOneLine) }
    }

    private static func lines(of service: GuardService) -> [String] {
        guard let page: EventPage = try? service.client.get("/v1/events?limit=4096"),
            let volume: VolumeReport = try? service.client.get("/v1/volume")
        else {
            return ["guard: the service of \(service.place.path) is gone; COMMAND got errors."]
        }
        let denied = Self.told(page.events.filter { $0.kind == .denied })
        let asked = Self.told(page.events.filter { $0.kind == .asked && $0.cause != "asked" })
        let opens = volume.routes.filter { $0.value.opens > 0 }
            .map { "\($0.value.opens) by \($0.key.rawValue)" }.sorted()
        var lines = ["guard: \(service.place.path)"]
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
