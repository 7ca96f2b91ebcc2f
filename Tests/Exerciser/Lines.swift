import CPosixCalls

/// Writes whole lines to a standard descriptor at once, because the reader may wait for each.
enum Lines {
    static func output(_ line: String) { write(line, to: 1) }
    static func error(_ line: String) { write(line, to: 2) }

    private static func write(_ line: String, to descriptor: Int32) {
        let bytes = Array("\(line)\n".utf8)
        _ = unsafe call_write(descriptor, bytes, bytes.count)
    }
}
