/// The text that strace wrote with `-f -xx -s 8 -o`.
struct TraceText {
    private let lines: [Substring]

    init(_ text: String) {
        lines = text.split(separator: "\n")
    }

    /// Calls between the two markers of ``ClientCommand``, in the trace of a single thread; nil if
    /// a marker is missing.
    var callsBetweenMarkers: Int? {
        let marker = "close(\(ClientCommand.marker))"
        let places = lines.indices.filter { lines[$0].contains(marker) }
        guard let first = places.first, let last = places.last, places.count == 2 else {
            return nil
        }
        return lines[(first + 1)..<last].count(where: Self.isCall)
    }

    /// Calls of the threads that carry requests. A service's other threads work by the clock, or
    /// react to events of the whole disk.
    var callsOfCarriers: Int {
        let carriers = Set(lines.filter { Self.opcode($0) != nil }.map(Self.thread))
        return lines.count { Self.isCall($0) && carriers.contains(Self.thread($0)) }
    }

    /// Messages of the kernel by opcode: reads that returned the header of a FUSE request.
    var requestsByOpcode: [Int: Int] {
        lines.compactMap(Self.opcode).reduce(into: [:]) { $0[$1, default: 0] += 1 }
    }

    private static func thread(_ line: Substring) -> Substring {
        line.prefix { $0.isWholeNumber }
    }

    /// The header begins with the message's length, which equals the read's result, and the opcode.
    private static func opcode(_ line: Substring) -> Int? {
        guard line.contains("read"), let quote = line.firstIndex(of: "\""),
            let length = line.split(separator: " ").last.flatMap({ Int($0) })
        else { return nil }
        let bytes = line[line.index(after: quote)...].split(separator: "\\x").prefix(8)
            .compactMap { Int($0.prefix(2), radix: 16) }
        guard bytes.count == 8, number(bytes[0..<4]) == length else { return nil }
        let opcode = number(bytes[4..<8])
        // Replies begin with a length too, but go by a write; events of the disk have no such
        // opcode.
        return opcode < 1 << 16 ? opcode : nil
    }

    private static func number(_ bytes: ArraySlice<Int>) -> Int {
        bytes.reversed().reduce(0) { $0 << 8 | $1 }
    }

    /// Whether a line begins a call. The second half of an interrupted call does not, nor does the
    /// restart of a call that strace's attachment interrupted.
    private static func isCall(_ line: Substring) -> Bool {
        line.contains("(") && !line.contains("resumed>") && !line.contains("restart_syscall(")
            && !line.contains("+++") && !line.contains("---")
    }
}
