import BypassIOProtocol
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
            "Reads by the kernel route never come to the service: none is shown.\(open)",
        ]
    }
}
