import ArgumentParser
import Foundation
import IOStack
import LinuxKit
import Minifilters
import SystemPackage
import Terminal

/// `bypassio undo`: what the filter `undo` kept, and the way back.
struct UndoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "undo",
        abstract: "See what a session changed, and take it back.",
        discussion: """
            The filter undo keeps the old state of files before they are changed (docs/undo.md): \
            bypassio guard --undo, or mount --filter undo,store=DIR. PATH is a file of the \
            session's directory, by its name now or before. Without --session it is the newest \
            session that is about PATH or the current directory.
            """,
        subcommands: [
            UndoListCommand.self, UndoStatusCommand.self, UndoDiffCommand.self,
            UndoKeepCommand.self, UndoRevertCommand.self,
        ])
}

/// Which sessions are meant.
struct UndoOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("Where the sessions are, if not in this user's own.", valueName: "dir"),
        completion: .directory)
    var store: String?

    @Option(help: ArgumentHelp("A session's name, as list shows it.", valueName: "name"))
    var session: String?

    /// Throws a ``CommandError`` where this user has none.
    func folder() throws -> FilePath {
        guard let path = store.map({ FilePath(ArgumentPath.absolute($0)) }) ?? UndoPlace.ownStore
        else {
            throw CommandError(.usage, "This user has no store of sessions: name one with --store.")
        }
        return path
    }

    /// The session, seen in its directory, and the paths from there on.
    func tree(_ paths: [String]) throws -> (tree: UndoTree, paths: [UndoPath]) {
        let absolute = paths.map { Self.absolute($0) }
        let here = FilePath(FileManager.default.currentDirectoryPath)
        let store = UndoStore(try folder())
        let found =
            if let session { try store.session(session) } else {
                try store.newest(about: absolute.first ?? here)
            }
        let names = try zip(paths, absolute).map { text, path -> UndoPath in
            var path = path
            if !path.removePrefix(found.root) {
                let given = ArgumentPath.path(text).lexicallyNormalized()
                guard given.isRelative, session != nil else {
                    throw CommandError(.usage, "\(text) does not lie in \(found.root).")
                }
                path = given
            }
            return path.components.map { FilePath(root: nil, components: $0).bytes }
        }
        return (try UndoTree(found), names)
    }

    /// Without links on the way; the file itself may be one, or be gone.
    private static func absolute(_ text: String) -> FilePath {
        var path = ArgumentPath.path(text)
        if path.isRelative {
            path = FilePath(FileManager.default.currentDirectoryPath)
                .appending(path.components)
        }
        path = path.lexicallyNormalized()
        var tail: [FilePath.Component] = []
        while let name = path.lastComponent {
            if !tail.isEmpty, let real = try? SystemCall.realPath(path) {
                return real.appending(tail)
            }
            tail.insert(name, at: 0)
            path.removeLastComponent()
        }
        return path.appending(tail)
    }
}

/// `bypassio undo list`.
struct UndoListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "The sessions, the oldest first.",
        discussion: "Exit codes: 0 shown, 64 usage.")

    @OptionGroup var options: UndoOptions

    @Flag(help: "As JSON.")
    var json = false

    private struct Row: Encodable {
        let name: String
        let directory: String
        let began: String
        let state: String
        /// nil: nobody has counted.
        let names: UInt64?
        let files: UInt64?

        init(_ session: UndoOverview) {
            let time = session.began
            name = session.address.name
            directory = session.root.string
            began =
                WallTime(
                    nanoseconds: time.seconds &* 1_000_000_000 &+ Int64(time.nanoseconds)
                ).iso8601
            state = session.state
            (names, files) = (session.counts?.names, session.counts?.files)
        }

        var text: String {
            let counts =
                if let names, let files { "\(names) names, data of \(files) files" } else {
                    "more than a list counts: see bypassio undo status \(name)"
                }
            return "\(name)  \(began)  \(state)  \(directory): \(counts)"
        }
    }

    func run() throws {
        try reportingErrors {
            var found: [(began: FileTime, row: Row)] = []
            for address in UndoStore(try options.folder()).addresses {
                do throws(FoundUndoSession.Fault) {
                    guard let session = try UndoOverview(address), !session.removeIfDone() else {
                        continue
                    }
                    found.append((session.began, Row(session)))
                } catch {
                    StandardOutput.complain(
                        "bypassio: session \(address.name) cannot be read: \(error.text)".onOneLine)
                }
            }
            let rows = found.sorted { $1.began.isAfter($0.began) }.map(\.row)
            if json { return try JSONOutput.print(rows) }
            for row in rows { StandardOutput.print(row.text.onOneLine) }
            if rows.isEmpty { StandardOutput.print("There are no sessions.") }
        }
    }
}

/// `bypassio undo status`.
struct UndoStatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "What is other than before a session.",
        discussion: "Exit codes: 0 shown, 64 usage, 66 no such session, or its directory is gone.")

    @OptionGroup var options: UndoOptions

    @Argument(help: "A session's name, as list shows it.")
    var name: String?

    @Flag(help: "As JSON.")
    var json = false

    func run() throws {
        try reportingErrors {
            var options = options
            options.session = name ?? options.session
            let tree = try options.tree([]).tree
            let selection = UndoSelection(all: tree)
            let changes = UndoChanges(tree, selection).all
            if json { return try JSONOutput.print(changes) }
            for change in changes { StandardOutput.print(change.text.onOneLine) }
            if changes.isEmpty { StandardOutput.print("Nothing is other than before.") }
            for text in UndoConflicts(tree, selection).found.map(\.text).sorted() {
                StandardOutput.print("conflict: \(text)".onOneLine)
            }
        }
    }
}

/// `bypassio undo diff`.
struct UndoDiffCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff", abstract: "The differences to before a session, of text by lines.",
        discussion: """
            Exit codes: 0 shown, 64 usage, 66 no such session, or its directory is gone, 73 no \
            temporary folder.
            """)

    @OptionGroup var options: UndoOptions

    @Flag(help: "What changed, without the lines, as JSON.")
    var json = false

    @Argument(help: "Files or directories; all without one.", completion: .file())
    var path: [String] = []

    func run() throws {
        try reportingErrors {
            let (tree, paths) = try options.tree(path)
            let selection =
                paths.isEmpty ? UndoSelection(all: tree) : UndoSelection(paths, in: tree)
            let changes = UndoChanges(tree, selection).all
            if json { return try JSONOutput.print(changes) }
            let diff = try UndoDiff(tree)
            defer { diff.end() }
            for change in changes { diff.show(change) }
        }
    }
}

/// `bypassio undo keep`.
struct UndoKeepCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keep", abstract: "Let changes stay: their old state is kept no more.",
        discussion: """
            What must move with a PATH to take it back, such as the other name of a rename, stays \
            with it.

            Exit codes: 0 done, 1 the session is at work (--all), 64 usage, 66 no such session or \
            change, 73 the session cannot be written.
            """)

    @OptionGroup var options: UndoOptions

    @Flag(help: "All changes: the session is removed.")
    var all = false

    @Argument(help: "Files or directories.", completion: .file())
    var path: [String] = []

    func run() throws {
        try reportingErrors {
            guard all != !path.isEmpty else {
                throw CommandError(.usage, "Name what is to stay, or --all.")
            }
            let (tree, paths) = try options.tree(path)
            if all {
                guard !tree.session.isLive else {
                    throw CommandError(
                        .notSupported, "Session \(tree.session.name) is at work: end it first.")
                }
                return UndoRelease.removeAll(of: tree.session.address)
            }
            let selection = UndoSelection(paths, in: tree)
            guard !selection.isEmpty else {
                throw CommandError(.noInput, "The session did not change that.")
            }
            try tree.session.forget(selection)
            tree.session.removeIfAllIsForgotten()
            for entry in selection.entries {
                if let path = tree.path(of: entry) ?? tree.oldPath(of: entry) {
                    StandardOutput.print("stays: \(path.text)".onOneLine)
                }
            }
        }
    }
}

/// `bypassio undo revert`.
struct UndoRevertCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revert", abstract: "Take changes back.",
        discussion: """
            Nothing is done where somebody else has changed a file since: the conflicts are told. \
            With --force they are overwritten, and a copy stays beside each, named \
            NAME.before-undo.

            Exit codes: 0 done, 1 conflicts, or something could not be taken back, 64 usage, 66 \
            no such session or change, 73 the session cannot be written.
            """)

    @OptionGroup var options: UndoOptions

    @Flag(help: "All changes of the session.")
    var all = false

    @Flag(help: "Overwrite what somebody else changed since, and keep a copy.")
    var force = false

    @Argument(help: "Files or directories, by their names now or before.", completion: .file())
    var path: [String] = []

    func run() throws {
        try reportingErrors {
            guard all != !path.isEmpty else {
                throw CommandError(.usage, "Name what is to be taken back, or --all.")
            }
            let (tree, paths) = try options.tree(path)
            let selection = all ? UndoSelection(all: tree) : UndoSelection(paths, in: tree)
            guard all || !selection.isEmpty else {
                throw CommandError(.noInput, "The session did not change that.")
            }
            let changes = UndoChanges(tree, selection).all
            let returns = UndoReturns(tree, selection)
            let revert = UndoRevert(tree, selection, isForced: force) { file throws(Errno) in
                try returns.noteMade(file)
            }
            let conflicts = revert.conflicts()
            if !conflicts.isEmpty, !force {
                for text in conflicts { StandardOutput.complain("conflict: \(text)".onOneLine) }
                throw CommandError(
                    .notSupported,
                    "Nothing was taken back: name other paths, or --force overwrites these and "
                        + "keeps copies.")
            }
            do throws(Errno) {
                try revert.run(UndoNotes(tree.session))
            } catch {
                throw CommandError(
                    .cannotCreate, "\(tree.session.place.path) cannot be written: \(error).")
            }
            for text in returns.tell(selection) + revert.failures {
                StandardOutput.complain("bypassio: \(text)".onOneLine)
            }
            guard revert.failures.isEmpty else {
                throw CommandStatus.notSupported.exitCode
            }
            for change in changes { StandardOutput.print("taken back: \(change.text)".onOneLine) }
            guard !tree.session.isLive else {
                return all ? UndoTakenBack.note(tree.session) : ()
            }
            // Whoever kills this finds a session with nothing to take back.
            try tree.session.forget(selection)
            if all { UndoRelease.removeAll(of: tree.session.address) }
            tree.session.removeIfAllIsForgotten()
        }
    }
}

extension FoundUndoSession {
    /// The old state of what is chosen is kept no more. Throws a ``CommandError``.
    func forget(_ selection: UndoSelection) throws {
        let records =
            selection.entries.map { UndoRecord.forgottenEntry($0) }
            + selection.nodes.map { .settledNode($0) }
        do throws(Errno) {
            try UndoNotes(self).write(records)
            let folder = try place.openFolder()
            guard !isLive else { return }
            // Of a session whose removal was stopped they may be gone.
            if let copies = try? UndoPlace.copies(in: folder) {
                for number in selection.nodes {
                    try? SystemCall.unlink(UndoPlace.name(number), at: copies.descriptor)
                }
            }
            if let held = try? UndoPlace.held(in: folder) {
                let names = selection.nodes.map { UndoPlace.name($0) }
                for text in UndoRelease(of: self).release(names, in: held.descriptor) {
                    StandardOutput.complain("bypassio: \(text)".onOneLine)
                }
            }
        } catch {
            throw CommandError(.cannotCreate, "\(place.path) cannot be written: \(error).")
        }
    }

    /// A session that has ended, and of which nothing is left to take back, is removed.
    func removeIfAllIsForgotten() {
        guard !isLive, let now = try? address.session(), !now.isLive, UndoTakenBack.isAll(of: now)
        else { return }
        UndoRelease.removeAll(of: address)
    }
}
