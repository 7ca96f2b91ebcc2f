/// Follows the chain of an audit from line to line; of several audits, where a journal has them.
struct AuditCheck {
    /// What was seen of one chain.
    private struct Trail {
        var chain: String
        var number: UInt64
        var records: UInt64 = 1
        let begin: String
    }

    private let head: String?
    private let mayHaveSeveral: Bool
    /// The one that had the last record is the last.
    private var trails: [Trail] = []
    private var lost: UInt64 = 0
    private var faults: [String] = []
    private var torn: String?
    private var notes: [String] = []
    private var hasHead = false
    /// Chains that are followed no more, and their records.
    private var left = (chains: 0, records: UInt64(0))

    /// Faults that are told one by one.
    private static let most = 20
    /// Chains that are followed at once: each costs a hash for every record of the others.
    private static let mostTrails = 1024

    init(head: String?, mayHaveSeveral: Bool = false) {
        self.head = head
        self.mayHaveSeveral = mayHaveSeveral
    }

    mutating func take(_ line: ArraySlice<UInt8>, _ file: String, _ place: Int) {
        guard !line.isEmpty else { return }
        let here = "\(file), line \(place)"
        guard let (body, hash) = AuditChain.parts(of: line), let record = AuditRecordLine(line)
        else {
            // Whoever wrote it was killed, if the next line says so.
            torn = here
            return
        }
        if let place = torn {
            torn = nil
            if record.operation == "resumed" {
                notes.append("\(place): torn, when the service was killed.")
            } else {
                faults.append("\(place): no record.")
            }
        }
        if hash == head { hasHead = true }
        if record.operation == "lost" {
            let (sum, isTooMuch) = lost.addingReportingOverflow(record.count ?? 0)
            lost = isTooMuch ? .max : sum
        }
        follow(record, body, hash, here)
    }

    private mutating func follow(
        _ record: AuditRecordLine, _ body: ArraySlice<UInt8>, _ hash: String, _ here: String
    ) {
        let trail = trails.lastIndex { AuditChain.hash(of: body, after: $0.chain) == hash }
        if let trail {
            var followed = trails.remove(at: trail)
            if record.number != followed.number &+ 1 {
                faults.append("\(here): its number is \(record.number).")
            }
            (followed.chain, followed.number) = (hash, record.number)
            followed.records += 1
            trails.append(followed)
        } else if trails.isEmpty || mayHaveSeveral {
            // The oldest file that is kept begins with the hash of the one before it. Further
            // chains of a journal have no file before them.
            let mayName = trails.isEmpty && left.chains == 0
            if AuditChain.hash(of: body, after: record.previous ?? AuditChain.start) != hash
                || (mayHaveSeveral && record.number != 1 && !(mayName && record.previous != nil))
            {
                faults.append(
                    mayHaveSeveral && (record.previous == nil || !mayName)
                        ? "\(here): what came before is not there, or it was changed."
                        : "\(here): does not follow from what it names.")
            }
            if trails.count == Self.mostTrails {
                left.chains += 1
                left.records += trails.removeFirst().records
            }
            trails.append(
                Trail(
                    chain: hash, number: record.number, begin: "\(record.number) of \(record.time)")
            )
        } else if var last = trails.popLast() {
            faults.append("\(here): does not follow from the line before.")
            (last.chain, last.number) = (hash, record.number)
            last.records += 1
            trails.append(last)
        }
    }

    var holds: Bool {
        faults.isEmpty && torn == nil && !trails.isEmpty && (head == nil || hasHead)
    }

    var report: [String] {
        var lines = faults.prefix(Self.most).map { $0 }
        if faults.count > Self.most { lines.append("and \(faults.count - Self.most) more.") }
        lines += notes
        if let torn { lines.append("\(torn): no record, and nothing follows.") }
        if head != nil, !hasHead { lines.append("No record has the hash of --head.") }
        if lost > 0 { lines.append("\(lost) records found no room and are missing.") }
        if left.chains > 0 {
            lines.append(
                "\(left.records) records of \(left.chains) chains held as far as they were followed: "
                    + "of more than \(Self.mostTrails) chains the one that is silent longest is left."
            )
        }
        for trail in trails {
            lines.append(
                "\(trail.records) records, from \(trail.begin) on; the last has the hash "
                    + "\(trail.chain).")
        }
        if trails.isEmpty { lines.append("No record is there.") }
        lines.append(holds ? "The chain holds." : "The chain does not hold.")
        return lines
    }
}
