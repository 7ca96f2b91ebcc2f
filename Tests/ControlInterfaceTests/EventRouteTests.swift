import BypassIOProtocol
import ControlInterface
import Foundation
import Testing

/// Events, activity and metrics over the socket.
struct EventRouteTests {
    @Test("a page of events begins behind the number asked for")
    func page() throws {
        let server = try TestServer()
        defer { server.end() }
        let all: EventPage = try server.client.get("/v1/events")
        #expect(all.events == TestVolume.events && all.next == 3)
        let page: EventPage = try server.client.get("/v1/events?after=1&limit=1")
        #expect(page.events.map(\.number) == [2] && page.next == 2)
    }

    @Test(
        "a number that is none is refused",
        arguments: [
            "/v1/events?after=-1", "/v1/events?limit=x", "/v1/events/stream?after=1.5",
            "/v1/activity?milliseconds=49", "/v1/activity?milliseconds=60001",
            "/v1/activity?limit=all",
        ])
    func refused(_ path: String) throws {
        let server = try TestServer()
        defer { server.end() }
        let answer = try server.talk(
            "GET \(path) HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        #expect(answer.hasPrefix("HTTP/1.1 400 ") && answer.contains("malformed-query"))
    }

    @Test("the stream has each event on a line, and ends with the mount")
    func stream() throws {
        let server = try TestServer()
        defer { server.end() }
        var bytes: [UInt8] = []
        try server.client.follow("/v1/events/stream?after=1") { piece in
            bytes += piece
            return true
        }
        let events = try bytes.split(separator: UInt8(ascii: "\n")).map {
            try JSONDecoder().decode(ServiceEvent.self, from: Data($0))
        }
        #expect(events == Array(TestVolume.events.dropFirst()))
    }

    @Test("activity is told for a while that the asker chooses")
    func activity() throws {
        let server = try TestServer()
        defer { server.end() }
        let report: ActivityReport = try server.client.get("/v1/activity?milliseconds=50&limit=7")
        #expect(report.openHandles == 7)
    }

    @Test("metrics are Prometheus' text: each family once, with help and type before its samples")
    func metrics() throws {
        let server = try TestServer()
        defer { server.end() }
        let text = try server.client.text("/metrics")
        var families: [String] = []
        for line in text.split(separator: "\n") {
            if line.hasPrefix("# TYPE ") {
                families.append(String(line.split(separator: " ")[2]))
            } else if !line.hasPrefix("#") {
                let family = try #require(families.last)
                #expect(line.hasPrefix(family), "\(line) stands in \(family)")
                let value = try #require(line.split(separator: " ").last.map { String($0) })
                #expect(Double(value) != nil, "\(line)")
            }
        }
        #expect(Set(families).count == families.count && families.count > 10)
        #expect(text.contains(#"bypassio_volume_info{source="/source","#))
        let callback = #"{filter="a filter",altitude="1",operation="set_information""#
        #expect(text.contains("bypassio_filter_callback_seconds_count\(callback)} 3\n"))
        #expect(text.contains("bypassio_filter_callback_seconds_sum\(callback)} 2e-07\n"))
        #expect(!text.contains(#"operation="read"}"#), "nobody read while times were taken")
        let read = #"{operation="read",route="service bypass""#
        #expect(text.contains("bypassio_request_seconds_count\(read)} 4\n"))
        #expect(text.contains("bypassio_request_seconds_sum\(read)} 4e-07\n"))
        #expect(text.contains(#"bypassio_vetoes_total{driver="a \"filter\"",cause="STATUS"} 3"#))
        #expect(text.contains(#"bypassio_events_total{kind="vetoed"} 3"#))
        #expect(text.contains(#"bypassio_events_total{kind="paused"} 0"#))
        #expect(text.contains("\nbypassio_events_lost_total 5\n"))
        #expect(text.contains("\nbypassio_log_lines_lost_total 7\n"))
    }
}
