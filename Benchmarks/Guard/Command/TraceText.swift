/// What strace wrote, as `-f -xx -s 8 -o` has it.
struct TraceText {
    private let lines: [Substring]

    init(_ text: String) {
        lines = text.split(separator: "\n")
    }

    /// Calls between the two markers of ``ClientCommand``, in the trace of a single thread; nil if
    /// they are not there.
    var callsBetweenMarkers: Int? {
        let marker = "close(\(ClientCommand.marker))"
        let places = lines.indices.filter { lines[$0].contains(marker) }
        guard let first = places.first, let last = places.last, places.count == 2 else {
            return nil
        }
        return lines[(first + 1)..<last].count(where: Self.isCall)
    }

    /// Calls of the threads that carry requests. A service's other threads work by the clock, or by
    /// what happens on the whole disk.
    var callsOfCarriers: Int {
        let carriers = Set(lines.filter { Self.opcode($0) != nil }.map(Self.thread))
        return lines.count { Self.isCall($0) && carriers.contains(Self.thread($0)) }
    }

    /// Messages of the kernel by opcode: reads that brought the header of a FUSE request.
    var requestsByOpcode: [Int: Int] {
        lines.compactMap(Self.opcode).reduce(into: [:]) { $0[$1, default: 0] += 1 }
    }

    private static func thread(_ line: Substring) -> Substring {
        line.prefix { $0.isWholeNumber }
    }

    /// The header begins with the message's length, which is what the read returned, and the
    /// opcode.
    private static func opcode(_ line: Substring) -> Int? {
        guard line.contains("read"), let quote = line.firstIndex(of: "\""),
            let length = line.split(separator: " ").last.flatMap({ Int($0) })
        else { return nil }
        let bytes = line[line.index(after: quote)...].split(separator: "\\x").prefix(8)
            .compactMap { Int($0.prefix(2), radix: 16) }
        guard bytes.count == 8, number(bytes[0..<4]) == length else { return nil }
        let opcode = number(bytes[4..<8])
        // Replies are written with a length, too, and events of the disk have no such opcode.
        return opcode < 1 << 16 ? opcode : nil
    }

    private static func number(_ bytes: ArraySlice<Int>) -> Int {
        bytes.reversed().reduce(0) { $0 << 8 | $1 }
    }

    /// Lines that begin a call: neither the second half of one nor one that the trace interrupted.
    private static func isCall(_ line: Substring) -> Bool {
        line.contains("(") && !line.contains("resumed>") && !line.contains("restart_syscall(")
            && !line.contains("+++") && !line.contains("---")
    }
}
