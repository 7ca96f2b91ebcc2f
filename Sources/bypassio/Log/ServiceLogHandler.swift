import Logging

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
