import ArgumentParser
import Foundation
import IOStack
import Terminal

/// `bypassio audit`: what the filter `audit` wrote down.
struct AuditCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "Read what the filter audit wrote down: who did what to which file.",
        discussion: """
            mount --filter audit,file=FILE writes the records (docs/audit.md). FILE names the \
            newest file here; older ones, FILE.1 and so on, are read before it.
            """,
        subcommands: [AuditShowCommand.self, AuditVerifyCommand.self],
        defaultSubcommand: AuditShowCommand.self)
}

/// `bypassio audit FILE`: records, chosen by what they are about.
struct AuditShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Print records, a line each.",
        discussion: """
            Several options together choose what meets all of them.

            Exit codes: 0 printed, 64 usage, 65 a line is no record, 66 no such file.
            """)

    @Argument(help: "The file that the filter writes.", completion: .file())
    var file: String

    @Option(
        name: .customLong("file"),
        help: ArgumentHelp(
            "Only files like this, from the volume's root; * and ? stand for characters of a "
                + "name, ** for any.", valueName: "pattern"))
    var path: String?

    @Option(help: "Only what processes of this session did.")
    var session: Int32?

    @Option(help: "Only what this process did.")
    var pid: Int32?

    @Option(
        help: ArgumentHelp("Only these operations, such as rename.", valueName: "operation"))
    var operation: [String] = []

    @Flag(help: "Only what was refused (STATUS_ACCESS_DENIED).")
    var denied = false

    @Flag(help: "As they are in the file: a line of JSON each.")
    var json = false

    func run() throws {
        try reportingErrors {
            let pattern = try path.map { text in
                guard let pattern = PathPattern(text) else {
                    throw CommandError(.usage, "--file \(text): write a pattern such as src/**.")
                }
                return pattern
            }
            var torn: String?
            try AuditFiles(file).forEachLine { line, name, number in
                guard !line.isEmpty else { return }
                guard AuditChain.parts(of: line) != nil, let record = AuditRecordLine(line) else {
                    if let torn { throw malformed(torn) }
                    torn = "\(name), line \(number)"
                    return
                }
                if let place = torn.take() {
                    // Whoever wrote it was killed, and the next service went on.
                    guard record.operation == "resumed" else { throw malformed(place) }
                    StandardOutput.complain("bypassio: \(place): torn.".onOneLine)
                }
                guard meets(record, pattern) else { return }
                StandardOutput.print(
                    json ? String(decoding: line, as: UTF8.self) : record.text.onOneLine)
            }
            if let torn { throw malformed(torn) }
        }
    }

    private func malformed(_ place: String) -> CommandError {
        CommandError(
            .malformed,
            "\(place): no record. bypassio audit verify \(file) says what holds.")
    }

    private func meets(_ record: AuditRecordLine, _ pattern: PathPattern?) -> Bool {
        if let pattern {
            guard
                [record.path, record.newPath].contains(where: { $0.map(pattern.matches) == true })
            else { return false }
        }
        if let session, record.session != session { return false }
        if let pid, record.process != pid { return false }
        if !operation.isEmpty, !operation.contains(record.operation) { return false }
        return !denied || record.isDenied
    }
}

/// `bypassio audit verify FILE`: whether records were changed, left out or put in.
struct AuditVerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check that no record was changed, left out or put in.",
        discussion: """
            Each record has the hash of all before it. Whoever can write the file can make a new \
            chain: keep the last hash elsewhere, and compare it with --head.

            Exit codes: 0 the chain holds, 1 it does not, and where, 64 usage, 66 no such file.
            """)

    @Argument(help: "The file that the filter writes.", completion: .file())
    var file: String

    @Option(
        help: ArgumentHelp(
            "A hash that an earlier check printed: it must be that of a record.", valueName: "hash")
    )
    var head: String?

    func run() throws {
        try reportingErrors {
            var check = AuditCheck(head: head?.lowercased())
            try AuditFiles(file).forEachLine { check.take($0, $1, $2) }
            for line in check.report { StandardOutput.print(line.onOneLine) }
            if !check.holds { throw ExitCode(1) }
        }
    }
}

/// Follows the chain of an audit from line to line.
struct AuditCheck {
    private let head: String?
    private var chain: String?
    private var number: UInt64?
    private var records: UInt64 = 0
    private var lost: UInt64 = 0
    private var begin: String?
    private var faults: [String] = []
    private var torn: String?
    private var notes: [String] = []
    private var hasHead = false

    /// Faults that are told one by one.
    private static let most = 20

    init(head: String?) { self.head = head }

    mutating func take(_ line: ArraySlice<UInt8>, _ file: String, _ place: Int) {
        guard !line.isEmpty else { return }
        guard let (body, hash) = AuditChain.parts(of: line), let record = AuditRecordLine(line)
        else {
            // Whoever wrote it was killed, if the next line says so.
            torn = "\(file), line \(place)"
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
        if let chain {
            if AuditChain.hash(of: body, after: chain) != hash {
                faults.append("\(file), line \(place): does not follow from the line before.")
            } else if let number, record.number != number &+ 1 {
                faults.append("\(file), line \(place): its number is \(record.number).")
            }
        } else {
            begin = "\(record.number) of \(record.time)"
            // The oldest file that is kept begins with the hash of the one before it.
            if AuditChain.hash(of: body, after: record.previous ?? AuditChain.start) != hash {
                faults.append("\(file), line \(place): does not follow from what it names.")
            }
        }
        if hash == head { hasHead = true }
        if record.operation == "lost" {
            let (sum, isTooMuch) = lost.addingReportingOverflow(record.count ?? 0)
            lost = isTooMuch ? .max : sum
        }
        (chain, number) = (hash, record.number)
        records += 1
    }

    var holds: Bool { faults.isEmpty && torn == nil && records > 0 && (head == nil || hasHead) }

    var report: [String] {
        var lines = faults.prefix(Self.most).map { $0 }
        if faults.count > Self.most { lines.append("and \(faults.count - Self.most) more.") }
        lines += notes
        if let torn { lines.append("\(torn): no record, and nothing follows.") }
        if head != nil, !hasHead { lines.append("No record has the hash of --head.") }
        if lost > 0 { lines.append("\(lost) records found no room and are missing.") }
        if let begin, let chain {
            lines.append("\(records) records, from \(begin) on; the last has the hash \(chain).")
        } else {
            lines.append("No record is there.")
        }
        lines.append(holds ? "The chain holds." : "The chain does not hold.")
        return lines
    }
}
