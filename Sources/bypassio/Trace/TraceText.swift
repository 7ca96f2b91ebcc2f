import BypassIOProtocol
import Foundation
import SystemPackage
import Terminal

/// What becomes of a trace.
protocol TraceView: AnyObject {
    /// The trace runs. Called for each piece that comes.
    func begin()

    func show(_ record: TraceRecord) throws

    /// So many requests are missing here.
    func showLost(_ count: UInt64) throws

    /// - Parameter kernelHandles: of which the kernel reads by itself; nil: nobody knows any more.
    func end(kernelHandles: Int?) throws
}

/// JSON, a line for each request.
final class TraceLines: TraceView {
    private struct Lost: Encodable { let lost: UInt64 }

    private var isTold = false

    /// Not beside the JSON.
    func begin() {
        guard !isTold else { return }
        isTold = true
        StandardOutput.complain("Tracing; Ctrl-C ends it.")
    }

    func show(_ record: TraceRecord) throws { try JSONOutput.printLine(record) }

    func showLost(_ count: UInt64) throws { try JSONOutput.printLine(Lost(lost: count)) }

    func end(kernelHandles: Int?) {}
}

/// How many requests a trace had, in words.
struct TraceTally {
    private(set) var requests: UInt64 = 0
    private(set) var lost: UInt64 = 0

    mutating func count() { requests += 1 }
    mutating func countLost(_ count: UInt64) { lost += count }

    func sentences(kernelHandles: Int?) -> [String] {
        let missing =
            lost == 0
            ? "none is missing."
            : "\(lost) more are missing: they came faster than they were taken."
        let open: String =
            switch kernelHandles {
            case nil: ""
            case 0: " No file is open that way now."
            case 1: " 1 handle is open that way now."
            case .some(let count): " \(count) handles are open that way now."
            }
        return [
            "\(requests) request\(requests == 1 ? "" : "s"); \(missing)",
            "Reads by the kernel route come to the service only at gates.\(open)",
        ]
    }
}

/// A trace for people: a line for each request, and below it one for each layer. 80 columns.
final class TraceText: TraceView {
    private static let width = 80
    private var tally = TraceTally()
    private var hasBegun = false

    func begin() {
        guard !hasBegun else { return }
        hasBegun = true
        print(Self.columns("time", "total", "process", "request"))
    }

    func show(_ record: TraceRecord) {
        tally.count()
        Self.lines(of: record).forEach(print)
    }

    func showLost(_ count: UInt64) {
        tally.countLost(count)
        print("(\(count) requests are missing here)")
    }

    func end(kernelHandles: Int?) {
        begin()
        for sentence in tally.sentences(kernelHandles: kernelHandles) {
            Self.wrapped(sentence, indent: 0).forEach(print)
        }
    }

    private func print(_ line: String) { StandardOutput.print(line.onOneLine) }

    // MARK: Lines

    static func lines(of record: TraceRecord) -> [String] {
        let head = columns(
            // The time of the day.
            String(record.time.dropFirst(11).dropLast()), duration(record.nanoseconds),
            String(record.process), record.words)
        var lines: [String]
        if let path = record.path.map({ $0.isEmpty ? "/" : $0 }) {
            let whole = "\(head): \(path.onOneLine)"
            lines =
                whole.count <= width ? [whole] : [head, "    " + cut(path.onOneLine, width - 4)]
        } else {
            lines = [head]
        }
        lines += record.layers.map(line)
        let within = record.layers.filter { $0.depth == 0 }.reduce(0) { $0 + $1.nanoseconds }
        if !record.layers.isEmpty {
            lines.append(
                layer("the service itself", record.nanoseconds - min(within, record.nanoseconds)))
        }
        if record.furtherLayers > 0 {
            lines.append("    and \(record.furtherLayers) further layers")
        }
        if let refusal = record.refusal {
            let status = refusal.statusName ?? String(refusal.status, radix: 16)
            lines += wrapped(
                "\(refusal.driver) refuses (\(status)): \(refusal.reason)".asSentence, indent: 4)
        }
        return lines
    }

    private static func line(_ layer: TraceRecord.Layer) -> String {
        let margin = String(repeating: "  ", count: min(layer.depth, 8))
        return self.layer(margin + layer.words, layer.nanoseconds, layer.remark)
    }

    private static func layer(_ text: String, _ nanoseconds: UInt64, _ remark: String = "")
        -> String
    {
        let name = cut(text.onOneLine, 46, keepsEnd: false)
            .padding(toLength: 46, withPad: " ", startingAt: 0)
        let line = "    \(name)  \(right(duration(nanoseconds), 8))"
        return remark.isEmpty ? line : "\(line)  \(remark)"
    }

    private static func columns(
        _ time: String, _ total: String, _ process: String, _ request: String
    ) -> String {
        let first = time.padding(toLength: 15, withPad: " ", startingAt: 0)
        return "\(first)  \(right(total, 8))  \(right(process, 7))  \(request)"
    }

    private static func right(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }

    private static func duration(_ nanoseconds: UInt64) -> String {
        Figures.duration(nanoseconds: Double(nanoseconds))
    }

    private static func cut(_ text: String, _ width: Int, keepsEnd: Bool = true) -> String {
        guard text.count > width else { return text }
        return keepsEnd ? "…" + text.suffix(width - 1) : text.prefix(width - 1) + "…"
    }

    static func wrapped(_ text: String, indent: Int) -> [String] {
        let margin = String(repeating: " ", count: indent)
        var lines: [String] = []
        var line = margin
        for word in text.split(separator: " ") {
            if line.count > indent, line.count + 1 + word.count > width {
                lines.append(line)
                line = margin
            }
            line += line.count > indent ? " \(word)" : word
        }
        return lines + [line]
    }
}

extension TraceRecord {
    /// `READ 4096 at 8192, traditional`.
    var words: String {
        var words = operation
        if let control { words += " \(control.replacing("FS_BPIO_OP_", with: ""))" }
        if let length, let offset { words += " \(length) at \(offset)" }
        if let route { words += ", \(route)" }
        if let errno { words += ", \(Errno(rawValue: errno))" }
        return words
    }
}

extension TraceRecord.Layer {
    var words: String {
        let filter = altitude.map { "\(name) (\($0))" } ?? name
        return switch kind {
        case "preCallback": "before, \(filter)"
        case "postCallback": "after, \(filter)"
        case "kept": "kept by \(filter)"
        case "fileSystem": "file system \(name)"
        case "storage": "storage \(name)"
        default: name
        }
    }

    fileprivate var remark: String {
        switch outcome {
        case "completed": "answered it"
        case "pended": "keeps it"
        default: status.map { $0 & 0xC000_0000 == 0xC000_0000 ? "failed" : "" } ?? ""
        }
    }
}
