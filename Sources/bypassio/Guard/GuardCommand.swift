import ArgumentParser
import BypassIOProtocol
import Foundation
import LinuxKit
import Minifilters
import SystemPackage
import Terminal

/// `bypassio guard`: runs a program whose view of some directories passes the filters.
struct GuardCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "guard",
        abstract: "Run a program that sees directories through rules about their files.",
        usage: "bypassio guard [OPTIONS] [DIR ...] -- COMMAND ...",
        discussion: """
            COMMAND, and whatever it starts, sees each DIR (the current directory, where none is \
            named) at its own path through the filter policy, in a mount namespace of its own; for \
            everybody else nothing changes. Files that the rules allow are read as fast as ever. \
            The rules are those of the profile secrets, unless --profile names others. When they \
            ask, another terminal answers: bypassio answer DIR. At COMMAND's end one screen says what \
            it did; --show DIR shows it from another terminal meanwhile.

            Exit codes: COMMAND's own, 128 and the number of the signal that ended it, 126 or 127 \
            where it cannot be run; before it runs 64 usage, 65 malformed profile, 66 no such \
            directory or profile, 69 no namespaces, no FUSE, or util-linux is missing, 70 internal \
            error, 73 no temporary folder, 75 the directory has 16 guards.
            """)

    @Option(
        help: ArgumentHelp(
            "Rules: a file, secrets or readonly; repeat for more, the first come first.",
            valueName: "file|secrets|readonly"))
    var profile: [String] = []

    @Option(help: ArgumentHelp("How long a question waits for its answer.", valueName: "seconds"))
    var timeout = 60

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Say what the rules do to these files, and run nothing.", valueName: "path"))
    var dryRun: [String] = []

    @Flag(help: "Say what the COMMAND of another guard of DIR has done so far, and run nothing.")
    var show = false

    @Option(
        help: ArgumentHelp(
            "With --show: the socket of a further guard of DIR, as it named it.", valueName: "path")
    )
    var socket: String?

    @Option(
        help: ArgumentHelp(
            "Write down all that COMMAND does to files of the one DIR: bypassio audit FILE.",
            valueName: "file"),
        completion: .file())
    var record: String?

    @Flag(help: "Keep the old state of what COMMAND changes, to take it back: bypassio undo.")
    var undo = false

    @Option(
        help: ArgumentHelp(
            "How much old data --undo keeps; then changes of old files are refused (8G).",
            valueName: "size"))
    var undoSpace: String?

    @Option(
        help: ArgumentHelp(
            "Where --undo keeps it, which COMMAND does not see.", valueName: "dir"),
        completion: .directory)
    var undoStore: String?

    @Option(
        help: ArgumentHelp(
            "A further filter for each DIR, as of bypassio mount; repeat for more.",
            valueName: "name[=altitude][,key=value]..."))
    var filter: [String] = []

    @Flag(help: "Do not print what COMMAND did, what was denied and asked.")
    var quiet = false

    @Argument(
        help: ArgumentHelp(
            "Directories, or the current one; behind two dashes the program.",
            valueName: "dir ... -- command"),
        completion: .directory)
    var words: [String] = []

    /// What stands behind the two dashes, which the parser leaves out.
    private var command: [String] {
        let arguments = CommandLine.arguments
        guard let dashes = arguments.firstIndex(of: "--") else { return [] }
        return Array(arguments[(dashes + 1)...].prefix(words.count))
    }

    private var directories: [String] { words.dropLast(command.count) }

    func run() throws {
        try reportingErrors {
            if show { return try showOthers() }
            let profiles = self.profile.isEmpty ? ["secrets"] : self.profile
            let parsed = try profiles.map { try PolicyProfileFile.profile($0) }
            guard dryRun.isEmpty else { return try explain(parsed) }
            guard !command.isEmpty else {
                throw CommandError(
                    .usage,
                    "No command is named: write it behind two dashes, as in "
                        + "bypassio guard -- make.")
            }
            let places = try GuardedDirectory.all(directories)
            let files = profiles.map {
                PolicyProfile.builtInText($0) == nil ? ArgumentPath.absolute($0) : $0
            }
            let session = GuardSession(
                places, profiles: files, timeout: timeout, isQuiet: quiet,
                record: try recordFile(of: places), undo: try undoChoice(places),
                filters: try filter.map { try furtherFilter($0) })
            let code = try session.run(command)
            if code != 0 { throw ExitCode(code) }
        }
    }

    private func showOthers() throws {
        for place in try GuardedDirectory.all(directories) {
            let asked = try MountControlClient(place.path.string, socket: socket)
            for line in try GuardScreen.lines(of: place, asked) {
                StandardOutput.print(line.onOneLine)
            }
        }
    }

    /// In full, because its service may be in another directory.
    private func furtherFilter(_ text: String) throws -> String {
        let setting = try FilterSetting(text)
        guard ![.policy, .audit, .undo].contains(setting.filter) else {
            throw CommandError(
                .usage,
                "A guard has \(setting.filter.rawValue) of its own: --profile, --record, --undo.")
        }
        return setting.text
    }

    private func undoChoice(_ places: [GuardedDirectory]) throws -> GuardUndo? {
        guard undo || undoSpace != nil || undoStore != nil else { return nil }
        let store = undoStore.map { ArgumentPath.path(ArgumentPath.absolute($0)) }
        return try GuardUndo(store: store, undoSpace, places)
    }

    private func recordFile(of places: [GuardedDirectory]) throws -> FilePath? {
        guard let record else { return nil }
        let path = ArgumentPath.path(ArgumentPath.absolute(record)).lexicallyNormalized()
        guard places.count == 1 else {
            throw CommandError(.usage, "--record is for one directory: guard the others apart.")
        }
        guard !path.starts(with: places[0].path) else {
            throw CommandError(
                .usage, "\(record) lies in \(places[0].path), where COMMAND could change it.")
        }
        return path
    }

    /// Paths are those from the directory's root, or lie below it.
    private func explain(_ profiles: [PolicyProfile]) throws {
        let root = try GuardedDirectory.all(directories)[0].path
        for name in dryRun {
            var path = ArgumentPath.path(ArgumentPath.absolute(name)).lexicallyNormalized()
            guard path.removePrefix(root) else {
                throw CommandError(.usage, "\(name) does not lie in \(root).")
            }
            StandardOutput.print("\(name):".onOneLine)
            let verdicts = PolicyProfile.verdicts(
                of: profiles, on: path.string, program: nil, user: getuid())
            for verdict in verdicts {
                let report = PolicyVerdictReport(verdict)
                StandardOutput.print(
                    "  \(report.operation): \(report.words(about: path.string))".onOneLine)
            }
            for rule in profiles.flatMap({ $0.rules(for: path.string) }) {
                StandardOutput.print("  met by \(rule.place)".onOneLine)
            }
        }
        warn(profiles, root)
    }

    /// Patterns that no file of the tree meets, which may be mistyped.
    private func warn(_ profiles: [PolicyProfile], _ root: FilePath) {
        var unmet = profiles.filter { PolicyProfile.builtInText($0.name) == nil }.flatMap(\.rules)
            .flatMap { rule in rule.patterns.map { (rule: rule, pattern: $0) } }
        let tree = FileManager.default.enumerator(atPath: root.string)
        while !unmet.isEmpty, let path = tree?.nextObject() as? String {
            unmet.removeAll { $0.pattern.matches(path) }
        }
        for (rule, pattern) in unmet {
            StandardOutput.complain(
                "bypassio: warning: \(rule.profile), line \(rule.line), column \(pattern.column): "
                    + "no file meets \(pattern.text).".onOneLine)
        }
    }
}

/// A directory that a guard covers.
struct GuardedDirectory {
    /// Absolute, without links.
    let path: FilePath

    /// Throws a ``CommandError`` for what cannot be covered.
    static func all(_ names: [String]) throws -> [GuardedDirectory] {
        let places = try (names.isEmpty ? ["."] : names).map { try GuardedDirectory($0) }
        for one in places {
            for other in places where other.path != one.path && other.path.starts(with: one.path) {
                throw CommandError(
                    .usage, "\(other.path) lies in \(one.path): name the outer one alone.")
            }
        }
        return places
    }

    private init(_ name: String) throws {
        do throws(Errno) {
            path = try SystemCall.realPath(ArgumentPath.path(name))
            guard try SystemCall.status(of: path, followingLinks: true).isDirectory else {
                throw .notDirectory
            }
        } catch {
            throw CommandError(.noInput, "\(name) cannot be guarded (\(error)): name a directory.")
        }
        guard path.components.count > 0 else {
            throw CommandError(
                .usage, "The root directory cannot be guarded: name directories in it.")
        }
        // Its files are about who looks, which would be the service.
        guard MountTable.current.entry(containing: path)?.fileSystemType != "proc" else {
            throw CommandError(.usage, "\(path) cannot be guarded: name no directory of /proc.")
        }
    }
}
