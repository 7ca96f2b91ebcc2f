import Foundation
import Logging
import Terminal

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
        return "\(stamp) \(level.rawValue) bypassio[\(getpid())]: \(kindAndText)\n"
    }

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
    case request, channel, error, signal, end, control
}

extension Logger {
    /// Makes the text only if the log includes the level.
    func tell(_ kind: LogKind, _ level: Level, _ text: @autoclosure () -> String) {
        log(level: level, "\(text())", metadata: [LogLine.kindKey: "\(kind.rawValue)"])
    }
}
