import BypassIOProtocol
import Foundation
import SystemPackage
import Terminal

/// A trace as a file of Chrome's trace-event format, which Perfetto opens: a JSON array of events,
/// a line each.
///
/// The file is whole after each request but for its last bracket, which readers can do without.
final class TraceFile: TraceView {
    private let name: String
    private let file: FileDescriptor
    private var tracks = TraceTracks()
    private var tally = TraceTally()
    private var isFirst = true
    private var isTold = false

    init(_ name: String) throws {
        self.name = name
        do {
            file = try FileDescriptor.open(
                ArgumentPath.path(name), .writeOnly, options: [.create, .truncate, .closeOnExec],
                permissions: [.ownerReadWrite, .groupRead, .otherRead])
        } catch let error as Errno {
            throw Self.failure(name, error)
        }
        try write("[")
    }

    deinit { try? file.close() }

    func begin() {
        guard !isTold else { return }
        isTold = true
        StandardOutput.print("Tracing to \(name); Ctrl-C ends it.".onOneLine)
    }

    func show(_ record: TraceRecord) throws {
        tally.count()
        let (track, news) = tracks.track(for: record)
        try write(news + TraceEvent.events(of: record, on: track))
    }

    func showLost(_ count: UInt64) throws {
        tally.countLost(count)
        try write([.lost(count, at: tracks.latest)])
    }

    func end(kernelHandles: Int?) throws {
        try write("\n]\n")
        for sentence in tally.sentences(kernelHandles: kernelHandles) {
            TraceText.wrapped(sentence, indent: 0).forEach(StandardOutput.print)
        }
        StandardOutput.print("\(name) opens in Perfetto (ui.perfetto.dev).".onOneLine)
    }

    private func write(_ events: [TraceEvent]) throws {
        var text = ""
        for event in events {
            text += (isFirst ? "\n" : ",\n") + (try JSONOutput.text(event, formatting: []))
            isFirst = false
        }
        try write(text)
    }

    private func write(_ text: String) throws {
        do {
            try file.writeAll(text.utf8)
        } catch let error as Errno {
            throw Self.failure(name, error)
        }
    }

    private static func failure(_ name: String, _ error: Errno) -> CommandError {
        CommandError(
            .cannotCreate, "\(name) cannot be written (\(error)): name another file with --output.")
    }
}

/// An event of the trace-event format. Times are microseconds.
struct TraceEvent: Encodable {
    enum Value: Encodable {
        case text(String)
        case number(Int64)

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .text(let text): try container.encode(text)
            case .number(let number): try container.encode(number)
            }
        }
    }

    var name: String
    var cat: String?
    /// X: something with a duration; M: a name for a process or a track; i: a moment.
    var ph: String
    var ts: Double?
    var dur: Double?
    var pid: Int32
    var tid: Int
    /// Of a moment: it is about everything.
    var s: String?
    var args: [String: Value] = [:]

    static func microseconds(_ nanoseconds: UInt64) -> Double { Double(nanoseconds) / 1000 }

    static func lost(_ count: UInt64, at moment: UInt64) -> TraceEvent {
        TraceEvent(
            name: "\(count) requests are missing", cat: "lost", ph: "i", ts: microseconds(moment),
            pid: 0, tid: 1, s: "g", args: ["lost": .number(Int64(clamping: count))])
    }

    static func name(_ name: String, of what: String, _ process: Int32, _ track: Int) -> TraceEvent
    {
        TraceEvent(
            name: what, ph: "M", pid: process, tid: track, args: ["name": .text(name)])
    }

    /// The request, and its layers within it.
    static func events(of record: TraceRecord, on track: Int) -> [TraceEvent] {
        let request = TraceEvent(
            name: record.control ?? record.operation, cat: "request", ph: "X",
            ts: microseconds(record.begin), dur: microseconds(record.nanoseconds),
            pid: record.process, tid: track, args: record.arguments)
        return [request]
            + record.layers.map { layer in
                TraceEvent(
                    name: layer.words, cat: layer.kind, ph: "X",
                    ts: microseconds(record.begin + layer.begin),
                    dur: microseconds(layer.nanoseconds), pid: record.process, tid: track,
                    args: layer.arguments)
            }
    }
}

/// Tracks of a trace, by process: requests that are under way at the same time lie on different
/// ones, since what overlaps on one would be taken for nested.
struct TraceTracks {
    /// Of each track the end of its last request.
    private var ends: [Int32: [UInt64]] = [:]
    private(set) var latest: UInt64 = 0

    /// Requests come in the order of their ends. Tracks count from 1; a new one brings its name.
    mutating func track(for record: TraceRecord) -> (track: Int, news: [TraceEvent]) {
        let end = record.begin + record.nanoseconds
        latest = max(latest, end)
        let process = record.process
        var known = ends[process] ?? []
        defer { ends[process] = known }
        if let free = known.firstIndex(where: { $0 <= record.begin }) {
            known[free] = max(end, known[free])
            return (free + 1, [])
        }
        known.append(end)
        var news: [TraceEvent] = []
        if known.count == 1 {
            let name = process == 0 ? "the kernel" : ReadingProcess(thread: process).words
            news.append(.name(name, of: "process_name", process, 1))
        }
        news.append(.name("requests \(known.count)", of: "thread_name", process, known.count))
        return (known.count, news)
    }
}

extension TraceRecord {
    fileprivate var arguments: [String: TraceEvent.Value] {
        var arguments: [String: TraceEvent.Value] = [
            "time": .text(time), "operation": .text(operation), "thread": .number(Int64(thread)),
            "user": .number(Int64(user)), "request": .number(Int64(clamping: unique)),
        ]
        arguments["path"] = path.map { .text($0.isEmpty ? "/" : $0) }
        arguments["offset"] = offset.map { .number(Int64(clamping: $0)) }
        arguments["length"] = length.map { .number(Int64($0)) }
        arguments["route"] = route.map { .text($0.rawValue) }
        arguments["bytes"] = bytes.map { .number(Int64($0)) }
        arguments["errno"] = errno.map { .number(Int64($0)) }
        if let refusal {
            arguments["refusedBy"] = .text(refusal.driver)
            arguments["reason"] = .text(refusal.reason)
        }
        return arguments
    }
}

extension TraceRecord.Layer {
    fileprivate var arguments: [String: TraceEvent.Value] {
        var arguments: [String: TraceEvent.Value] = [:]
        arguments["outcome"] = outcome.map { .text($0) }
        arguments["status"] = (statusName ?? status.map { String($0) }).map { .text($0) }
        return arguments
    }
}
