import BypassIOProtocol
import Foundation

extension ControlRoute {
    /// What happens in a time that begins now.
    static let activity = ControlRoute("GET", "/v1/activity") { request throws(Refusal) in
        let milliseconds = try request.number("milliseconds") ?? 1000
        guard 50...60_000 ~= milliseconds else {
            throw ControlFault(
                400, "malformed-query", "milliseconds=\(milliseconds): it is 50 to 60000.")
        }
        let limit = Int(clamping: try request.number("limit") ?? 20)
        let end = try await request.context.look { $0.beginActivity() }
        try? await Task.sleep(for: .milliseconds(Int64(milliseconds)))
        return ControlAnswer(try await request.context.look { _ in end(limit) })
    }

    /// The counters as Prometheus reads them.
    static let metrics = ControlRoute("GET", "/metrics") { request throws(Refusal) in
        let (report, tallies) = try await request.context.look { volume throws(ControlFault) in
            volume.timeCallbacks()
            return (try volume.report(), volume.tallies())
        }
        return .text(
            MetricsText(report, tallies, request.context.clients()).text,
            contentType: "text/plain; version=0.0.4; charset=utf-8")
    }
}
