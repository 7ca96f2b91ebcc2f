import ArgumentParser
import Foundation
import SystemPackage
import Terminal

/// `bypassio collect`: what a maintainer asks for, in one text.
struct CollectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "collect",
        abstract: "Gather what a maintainer asks for when something does not work, as one text.",
        discussion: """
            Versions, the kernel and its FUSE, limits, every bypassio mount with its options, \
            counters and filters, the processes that serve them, and the newest lines of their \
            logs. Neither contents of files nor their names: they are left out of the logs, unless \
            --names is given. SOURCE, mount points and options are told. Read the text before you \
            hand it on.

            A mount that is dead or hangs is waited for five seconds, and told of. Root is told \
            more than others: limits and threads of services, and the journal.

            Exit codes: 0 gathered, 64 usage, 66 no bypassio volume there, 73 the file cannot be \
            written.
            """)

    @Option(
        name: [.customShort("o"), .long],
        help: ArgumentHelp(
            "Write a file, for its owner to read, not standard output.", valueName: "file"),
        completion: .file())
    var output: String?

    @Option(
        help: ArgumentHelp("How many of the newest lines of each log.", valueName: "count"))
    var lines: Int = 200

    @Flag(help: "Keep names of files in the lines of logs.")
    var names = false

    @Argument(
        help: "Where a volume is mounted; without it every bypassio mount.",
        completion: .directory)
    var mountPoint: String?

    func validate() throws {
        guard (0...100_000).contains(lines) else {
            throw ValidationError("--lines takes a number from 0 to 100000.")
        }
    }

    func run() throws {
        try reportingErrors {
            // Before the work, so that nobody waits for what cannot be written.
            let file = try output.map(open)
            let mounts = try CollectedMount.all(at: mountPoint)
            let services = ServiceProcess.all()
            let excerpt = LogExcerpt(lines: lines, keepsNames: names)
            let sections =
                CollectedMachine.sections + mounts.map(\.section)
                + services.map(\.section)
                + excerpt.sections(of: services)
            let text = (Self.head(names: names) + sections.map(\.text)).joined(separator: "\n")
            guard let file else {
                return StandardOutput.write(text, to: .standardOutput)
            }
            do {
                try file.closeAfter { _ = try file.writeAll(text.utf8) }
            } catch {
                throw unwritable(error)
            }
            StandardOutput.print("\(output ?? ""): read it before you hand it on.".onOneLine)
        }
    }

    private func open(_ name: String) throws -> FileDescriptor {
        do {
            return try FileDescriptor.open(
                ArgumentPath.path(name), .writeOnly,
                options: [.create, .truncate, .closeOnExec], permissions: .ownerReadWrite)
        } catch {
            throw unwritable(error)
        }
    }

    private func unwritable(_ error: any Error) -> CommandError {
        CommandError(
            .cannotCreate,
            "The file \(output ?? "") cannot be written (\(error)): name another with --output.")
    }

    private static func head(names: Bool) -> [String] {
        let time = Date().formatted(Date.ISO8601FormatStyle())
        let lines = names ? "logs, which name files" : "logs, with … for the names of files"
        return [
            """
            bypassio \(BypassioCommand.configuration.version), collected \(time)

            It holds versions, the kernel and its FUSE, limits, mount points with SOURCE and
            options, counters, processes of services, and lines of \(lines).
            It holds no content of files.

            """
        ]
    }
}

/// A heading and lines below it.
struct CollectedSection {
    let title: String
    let lines: [String]

    init(_ title: String, _ lines: [String]) {
        self.title = title
        self.lines = lines
    }

    var text: String {
        let body = lines.isEmpty ? ["(nothing)"] : lines
        return "== \(title.onOneLine)\n"
            + body.map { "\($0.replacing("\t", with: " ").onOneLine)\n" }.joined()
    }
}
