import Dispatch
import FUSE
import Foundation
import IOStack
import LinuxKit
import Logging
import SystemPackage
import Terminal

/// Writes a log on a thread of its own, so that no thread that logs waits for a disk or another
/// program. If lines come faster than the thread can write them, it drops and counts them.
///
/// Any thread may call. Lock order: `state` is a leaf.
final class LogWriter: Sendable {
    private struct State {
        var lines: [LogLine] = []
        /// Bytes of `lines`.
        var bytes = 0
        var lost: UInt64 = 0
        /// Those that were told, too.
        var everLost: UInt64 = 0
        var isToReopen = false
        var isToEnd = false

        /// Lost lines alone do not wake the thread: it reports them with the next line.
        var isIdle: Bool { lines.isEmpty && !isToReopen && !isToEnd }
    }

    /// The most bytes that may wait.
    private static let room = 1 << 20
    /// The approximate memory of a line beside its text.
    private static let overhead = 64

    private let sink: any LogSink
    private let state = Guarded(State())
    /// Signalled when a thread without work gets some.
    private let news = DispatchSemaphore(value: 0)
    private let finished = DispatchSemaphore(value: 0)

    /// Starts the thread, with the caller's signal mask; throws the system's error.
    init(_ sink: any LogSink) throws(Errno) {
        self.sink = sink
        try OwnThread.start(named: "bypassio-log") { [self] in run() }.detach()
    }

    func append(_ line: LogLine) {
        let size = line.text.utf8.count + Self.overhead
        change { state in
            guard state.bytes + size <= Self.room, !state.isToEnd else {
                state.lost += 1
                state.everLost += 1
                return
            }
            state.lines.append(line)
            state.bytes += size
        }
    }

    /// Lines that nobody will read, since the start.
    var lostLines: UInt64 { state.withLock { $0.everLost } }

    /// Call after the log file was moved away.
    func reopen() { change { $0.isToReopen = true } }

    /// Writes the remaining lines and ends the thread, within about that time; then remaining lines
    /// are lost.
    func end(within time: DispatchTimeInterval = .seconds(1)) {
        change { $0.isToEnd = true }
        _ = finished.wait(timeout: .now() + time)
    }

    private func change(_ body: (inout sending State) -> Void) {
        let wakes = state.withLock { state in
            let wasIdle = state.isIdle
            body(&state)
            return wasIdle && !state.isIdle
        }
        if wakes { news.signal() }
    }

    private func run() {
        while true {
            news.wait()
            let work = state.withLock { state in
                let work = state
                state = State()
                state.everLost = work.everLost
                return work
            }
            if work.isToReopen { sink.reopen() }
            var lost = work.lost
            var unwritten: UInt64 = 0
            for line in work.lines {
                tell(&lost)
                if sink.write(line) { continue }
                lost += 1
                unwritten += 1
            }
            tell(&lost)
            if lost + unwritten > 0 {
                state.withLock { state in
                    state.lost += lost
                    state.everLost += unwritten
                }
            }
            guard work.isToEnd else { continue }
            return _ = finished.signal()
        }
    }

    /// Writes how many lines are missing at this place, as soon as a write succeeds.
    private func tell(_ lost: inout UInt64) {
        guard lost > 0 else { return }
        let words = lost == 1 ? "1 line of the log was lost" : "\(lost) lines of the log were lost"
        if sink.write(LogLine(.warning, LogKind.error.rawValue, words)) { lost = 0 }
    }
}

/// Passes a logger's message and its metadata to a ``LogWriter``, as one line.
struct ServiceLogHandler: LogHandler {
    let writer: LogWriter
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]

    init(_ writer: LogWriter, _ logLevel: Logger.Level) {
        self.writer = writer
        self.logLevel = logLevel
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var known = metadata.merging(event.metadata ?? [:]) { $1 }
        let kind = known.removeValue(forKey: LogLine.kindKey)
        let all = known.sorted { $0.key < $1.key }
        let words = all.filter { !$0.key.hasPrefix(LogLine.fieldPrefix) }
            .map { " \($0.key)=\($0.value)" }
        let fields = all.filter { $0.key.hasPrefix(LogLine.fieldPrefix) }
            .map { (name: $0.key, value: "\($0.value)") }
        writer.append(
            LogLine(
                event.level, kind.map { "\($0)" }, "\(event.message)\(words.joined())",
                fields: fields))
    }
}

/// One line of a service's log.
struct LogLine: Sendable {
    let time: Date
    let level: Logger.Level
    /// A ``LogKind``.
    let kind: String?
    /// Without line breaks and other control characters.
    let text: String
    /// For readers that are programs: names in capitals, values without control characters.
    let fields: [(name: String, value: String)]

    /// Longer texts are cut: a client must not determine how fast the log grows.
    private static let longestText = 32_768

    /// The key of the kind in a logger's metadata.
    static let kindKey = "kind"
    /// Metadata whose names begin so are ``fields``.
    static let fieldPrefix = "BYPASSIO_"

    init(
        _ level: Logger.Level, _ kind: String?, _ text: String,
        fields: [(name: String, value: String)] = []
    ) {
        self.fields = fields
        time = Date()
        self.level = level
        self.kind = kind
        let line = text.onOneLine
        self.text =
            line.utf8.count <= Self.longestText
            ? line : String(line.prefix(Self.longestText / 4)) + " …"
    }

    /// For a file: `2026-03-01T12:00:00.123Z warning bypassio[17]: finding: …`.
    var withTime: String {
        let stamp = time.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
        return "\(stamp) \(withoutTime)"
    }

    /// What follows the time in a file.
    var withoutTime: String { "\(level.rawValue) bypassio[\(getpid())]: \(kindAndText)\n" }

    /// The line for people.
    var plain: String { "bypassio: \(text)\n" }

    /// In the format of syslog(3), with the facility `daemon`; the receiver adds time and host.
    var syslog: String { "<\(3 * 8 + severity)>bypassio[\(getpid())]: \(kindAndText)" }

    /// Fields of systemd's journal, one a line.
    var journal: String {
        "MESSAGE=\(text)\nPRIORITY=\(severity)\nSYSLOG_FACILITY=3\nSYSLOG_IDENTIFIER=bypassio\n"
            + "SYSLOG_PID=\(getpid())\n" + (kind.map { "BYPASSIO_KIND=\($0)\n" } ?? "")
            + fields.map { "\($0.name)=\($0.value)\n" }.joined()
    }

    private var kindAndText: String { kind.map { "\($0): \(text)" } ?? text }

    /// The severity of syslog(3).
    private var severity: Int {
        switch level {
        case .critical: 2
        case .error: 3
        case .warning: 4
        case .notice: 5
        case .info: 6
        case .debug, .trace: 7
        }
    }
}

/// The subject of a line. Scripts look for these words: docs/mounting.md lists them.
enum LogKind: String {
    case start, mount, attach, detach, veto, finding, read, pause, resume, gate, report, total
    case request, channel, error, signal, end, control, policy
}

extension Logger {
    /// Makes the text only if the log includes the level.
    func tell(_ kind: LogKind, _ level: Level, _ text: @autoclosure () -> String) {
        log(level: level, "\(text())", metadata: [LogLine.kindKey: "\(kind.rawValue)"])
    }
}
