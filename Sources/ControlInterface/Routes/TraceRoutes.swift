import BypassIOProtocol
import Foundation

extension ControlRoute {
    /// The longest trace that may be asked for, in seconds; without a time it has no end.
    private static let longestTrace: UInt64 = 86_400

    /// Requests as they are answered, a line of JSON each.
    static let traceStream = ControlRoute("GET", "/v1/trace/stream") { request throws(Refusal) in
        let process = try request.number("process")
        if let process, process == 0 || process > UInt64(Int32.max) {
            throw ControlFault(
                400, "malformed-query", "process=\(process): it is a process' number.")
        }
        let milliseconds = try request.number("milliseconds")
        if let milliseconds, !(1...longestTrace * 1000 ~= milliseconds) {
            throw ControlFault(
                400, "malformed-query",
                "milliseconds=\(milliseconds): it is 1 to \(longestTrace * 1000).")
        }
        let order = TraceOrder(
            path: request.query["path"], process: process.map { Int32(clamping: $0) })
        let trace = try request.context.volume.beginTrace(order)
        let follower = TraceFollower(
            trace, for: milliseconds.map { .milliseconds(Int64(clamping: $0)) },
            on: request.context.executor)
        return .stream(
            AsyncStream(unfolding: { await follower.next() }),
            contentType: "application/x-ndjson")
    }
}

/// A reader of a trace, which lasts as long as the reader is there: until the client goes, the time
/// is up, or the mount ends.
private actor TraceFollower {
    /// Without requests an empty line is sent so often: a client that is gone is noticed.
    private static let heartbeat: Duration = .seconds(15)
    private static let most = 128

    private let trace: any RunningTrace
    private let executor: ControlExecutor
    private let end: ContinuousClock.Instant?
    private let clock = ContinuousClock()
    private var hasBegun = false
    private var isOver = false

    init(_ trace: any RunningTrace, for time: Duration?, on executor: ControlExecutor) {
        self.trace = trace
        self.executor = executor
        end = time.map { ContinuousClock.now + $0 }
    }

    /// Lines of JSON: requests, and how many are missing behind them, `{"lost":17}`. The first is
    /// empty: the trace runs.
    func next() async -> [UInt8]? {
        guard hasBegun else {
            hasBegun = true
            return [UInt8(ascii: "\n")]
        }
        while true {
            let left = end.map { $0 - clock.now } ?? Self.heartbeat * 2
            if left <= .zero { stop() }
            let lines = Self.lines(of: trace.page(limit: Self.most))
            if !lines.isEmpty { return lines }
            if isOver { return nil }
            let wait = min(left, Self.heartbeat)
            switch await NewsWait.next(of: trace.news(), within: wait, on: executor) {
            case .news: continue
            case .silence: if left > Self.heartbeat { return [UInt8(ascii: "\n")] }
            case .end: isOver = true
            }
        }
    }

    /// What came until now is still sent.
    private func stop() {
        guard !isOver else { return }
        isOver = true
        trace.stop()
    }

    private static func lines(of page: TracePage) -> [UInt8] {
        var bytes: [UInt8] = []
        for record in page.records {
            bytes += ControlAnswer.json(of: record) + [UInt8(ascii: "\n")]
        }
        if page.lost > 0 { bytes += Array(#"{"lost":\#(page.lost)}"#.utf8) + [UInt8(ascii: "\n")] }
        return bytes
    }
}
