import BypassIOProtocol
import Foundation

extension ControlRoute {
    /// Events that are kept, the oldest first.
    static let events = ControlRoute("GET", "/v1/events") { request throws(Refusal) in
        let number = try request.number("after") ?? 0
        let limit = try request.number("limit") ?? 1000
        return ControlAnswer(
            request.context.volume.events(after: number, limit: Int(clamping: limit)))
    }

    /// Events as they come, a line of JSON each.
    static let eventStream = ControlRoute("GET", "/v1/events/stream") { request throws(Refusal) in
        let follower = EventFollower(
            request.context.volume, after: try request.number("after") ?? 0,
            on: request.context.executor)
        return .stream(
            AsyncStream(unfolding: { await follower.next() }),
            contentType: "application/x-ndjson")
    }
}

extension ControlRequest {
    /// `?name=N`; nil where it is not named.
    func number(_ name: String) throws(ControlFault) -> UInt64? {
        guard let text = query[name] else { return nil }
        guard let number = UInt64(text) else {
            throw ControlFault(
                400, "malformed-query", "\(name)=\(text): it is a whole number, 0 or more.")
        }
        return number
    }
}

/// A reader of the stream of events. It takes what is there when its client has taken what came
/// before, so a slow client keeps nothing but its place.
private actor EventFollower {
    /// Without events an empty line is sent so often: a client that is gone is noticed.
    private static let heartbeat: Duration = .seconds(15)
    private static let most = 256

    private let volume: any ControlledVolume
    private let executor: ControlExecutor
    private var number: UInt64
    private var isOver = false

    init(_ volume: any ControlledVolume, after number: UInt64, on executor: ControlExecutor) {
        self.volume = volume
        self.executor = executor
        self.number = number
    }

    /// Lines of JSON: events, and before them how many are missing, `{"lost":17}`.
    func next() async -> [UInt8]? {
        while true {
            // First, so that what comes after the look is news.
            let news = volume.newsOfEvents()
            let page = volume.events(after: number, limit: Self.most)
            number = page.next
            let lines = Self.lines(of: page)
            if !lines.isEmpty { return lines }
            if isOver { return nil }
            switch await NewsWait.next(of: news, within: Self.heartbeat, on: executor) {
            case .news: continue
            case .silence: return [UInt8(ascii: "\n")]
            // What came until then is still sent.
            case .end: isOver = true
            }
        }
    }

    private static func lines(of page: EventPage) -> [UInt8] {
        var bytes: [UInt8] = []
        if page.lost > 0 { bytes += Array(#"{"lost":\#(page.lost)}"#.utf8) + [UInt8(ascii: "\n")] }
        for event in page.events {
            bytes += ControlAnswer.json(of: event) + [UInt8(ascii: "\n")]
        }
        return bytes
    }
}

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
        await request.context.executor.sleep(for: .milliseconds(Int64(milliseconds)))
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

/// How a stream's maker waits for something to say.
enum NewsWait {
    case news
    /// Nothing came in time, or the client is gone.
    case silence
    /// No news will come any more.
    case end

    static func next(
        of news: AsyncStream<Void>, within time: Duration, on executor: ControlExecutor
    ) async -> NewsWait {
        await withTaskGroup(of: NewsWait.self) { group in
            group.addTask {
                for await _ in news { return .news }
                return Task.isCancelled ? .silence : .end
            }
            group.addTask {
                await executor.sleep(for: time)
                return .silence
            }
            defer { group.cancelAll() }
            return await group.next() ?? .end
        }
    }
}
