import Logging

/// What a line of the log is about. Scripts look for these words: docs/mounting.md lists them.
enum LogKind: String {
    case start, mount, attach, detach, veto, finding, read, pause, resume, gate, report, total
    case request, channel, error, signal, end
}

extension Logger {
    /// The text is made only if the level is told.
    func tell(_ kind: LogKind, _ level: Level, _ text: @autoclosure () -> String) {
        log(level: level, "\(text())", metadata: [LogLine.kindKey: "\(kind.rawValue)"])
    }
}
