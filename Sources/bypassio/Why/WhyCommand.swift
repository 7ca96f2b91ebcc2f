import ArgumentParser
import Glibc
import HostFileSystem
import LinuxKit
import SystemPackage
import Terminal

/// `bypassio why`: who keeps the reads of a file from being fast, and what to do about each.
struct WhyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "why",
        abstract: "Say in sentences why reads of a file do not bypass, and what to do about it.",
        discussion: """
            Asks every layer, and looks at whoever has the file open. With --as PID the answer is \
            about that process alone, with the rights of its user; with --as USER about what that \
            user would meet. Both take root. With --as PROGRAM, a path or a name of a program, it \
            says which rules of the filter policy hold for that program, and opens nothing.

            Exit codes: 0 nothing is in the way, 1 something is, 64 usage, 66 no such file, not \
            readable, or no such process or user, 70 internal error, 75 no answer within 5 \
            seconds, 77 --as without root.
            """)

    @Argument(help: "A file or directory of a mounted volume.")
    var path: String

    @Option(
        name: .customLong("as"),
        help: ArgumentHelp(
            "As whom to ask: a process, a user, or a program that rules may name.",
            valueName: "pid|user|program"))
    var asker: String?

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        try reportingErrors {
            if let asker, let program = Self.program(asker) {
                return try explainPolicy(for: program)
            }
            let process = try asker.map { try Asker($0) }
            // With the other's rights nobody would tell which filter denies the path.
            let witness = process.flatMap { _ in
                DenialWitness(ArgumentPath.path(ArgumentPath.absolute(path)).lexicallyNormalized())
            }
            witness?.awaitBegin()
            try process?.becomeIt()
            _ = try ArgumentPath.answering(path)
            let host = try HostPath(path, witness: witness)
            let explanation = Explanation(
                try StateReport(of: host), mountPoint: host.bypassioMountPoint,
                process: process?.processID)
            if json {
                try JSONOutput.print(explanation)
            } else {
                explanation.lines.map(\.onOneLine).forEach(StandardOutput.print)
            }
            if !explanation.isFree { throw CommandStatus.notSupported.exitCode }
        }
    }

    /// nil for a process and for a user.
    private static func program(_ asker: String) -> String? {
        guard Int32(asker) == nil, UserName.number(asker) == nil else { return nil }
        return PolicyExplanation.program(asker)
    }

    private func explainPolicy(for program: String) throws {
        let explanation = try PolicyExplanation(path, program: program, user: getuid())
        if json {
            try JSONOutput.print(explanation)
        } else {
            explanation.lines.map(\.onOneLine).forEach(StandardOutput.print)
        }
        if !explanation.isFree { throw CommandStatus.notSupported.exitCode }
    }
}

extension HostPath {
    /// Of the bypassio volume that it is on; nil where it is on none.
    fileprivate var bypassioMountPoint: String? {
        guard let mount = topology.mount, mount.fileSystemType == "fuse.bypassio" else {
            return nil
        }
        return mount.mountPoint.string
    }
}
