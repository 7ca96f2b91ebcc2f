import ArgumentParser
import Foundation
import IOStack
import Minifilters
import Terminal

/// `bypassio audit`: what the filter `audit` wrote down.
struct AuditCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "Read what the filter audit wrote down: who did what to which file.",
        discussion: """
            mount --filter audit,file=FILE writes the records (docs/audit.md). FILE names the \
            newest file here; older ones, FILE.1 and so on, are read before it. The name - reads \
            standard input: journalctl -o cat -t bypassio-audit | bypassio audit -
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

    @Argument(help: "The file that the filter writes; - for standard input.", completion: .file())
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
            try Self.check(operation)
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

    /// Throws a ``CommandError`` for what no record has.
    private static func check(_ names: [String]) throws {
        let known = AuditedOperation.Kind.allCases.map(\.rawValue) + AuditFile.notes
        guard let name = names.first(where: { !known.contains($0) }) else { return }
        throw CommandError(
            .usage, "--operation \(name): name one of \(known.joined(separator: ", ")).")
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

    @Argument(help: "The file that the filter writes; - for standard input.", completion: .file())
    var file: String

    @Option(
        help: ArgumentHelp(
            "A hash that an earlier check printed: it must be that of a record.", valueName: "hash")
    )
    var head: String?

    func run() throws {
        try reportingErrors {
            var check = AuditCheck(
                head: head?.lowercased(), mayHaveSeveral: file == AuditFiles.standardInput)
            try AuditFiles(file).forEachLine { check.take($0, $1, $2) }
            for line in check.report { StandardOutput.print(line.onOneLine) }
            if !check.holds { throw ExitCode(1) }
        }
    }
}
