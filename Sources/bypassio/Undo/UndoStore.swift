import Foundation
import Glibc
import IOStack
import LinuxKit
import Minifilters
import SystemPackage

/// A session as it is found in a store.
struct FoundUndoSession {
    let place: UndoPlace
    let knowledge: UndoKnowledge
    /// Its service is at work.
    let isLive: Bool
    /// When its service was seen at work last, at the latest.
    let lastSeen: FileTime
    /// Of the journal as it was read, in bytes.
    let journalSize: UInt64
    /// The session of the guard within which it was: whoever ran there may have written anything
    /// here, so it is trusted no further than that guard's directory.
    let outer: Outer?

    struct Outer {
        let name: String
        let root: FilePath
    }

    /// How much of that could be read.
    var journalLength: UInt64 { UInt64(knowledge.length) }

    var name: String { outer.map { "\($0.name)/\(place.name)" } ?? place.name }
    /// The directory whose changes it knows.
    var root: FilePath { FilePath(bytes: knowledge.root) }

    /// Changes of files after that are not the session's; nil while it is at work.
    var end: FileTime? {
        guard !isLive else { return nil }
        if let ended = knowledge.ended { return ended }
        // It was killed: it beats once a second while it is at work.
        return FileTime(seconds: lastSeen.seconds &+ 2, nanoseconds: lastSeen.nanoseconds)
    }

    /// Why a session cannot be read, as the end of a sentence.
    struct Fault: Error {
        let text: String
    }

    /// nil for a folder that is no session, or of another user. Throws a ``Fault``.
    init?(_ place: UndoPlace, within outer: Outer? = nil) throws(Fault) {
        guard let folder = try? place.openFolder(),
            let owner = try? SystemCall.status(of: folder.descriptor).user, owner == geteuid(),
            let journal = try Self.openJournal(folder)
        else { return nil }
        let limit = outer == nil ? UndoPlace.longestJournal : UndoPlace.longestInnerJournal
        do throws(Errno) {
            lastSeen = FileTime(try SystemCall.status(of: journal.descriptor).modified)
            let bytes = try UndoFiles.contents(of: journal.descriptor, atMost: limit)
            journalSize = UInt64(bytes.count)
            knowledge = UndoKnowledge(journal: bytes)
            isLive =
                try SystemCall.conflictingLock(
                    journal.descriptor, with: UndoPlace.lock(.exclusive)) != nil
        } catch {
            throw Fault(
                text: error == .fileTooLarge
                    ? "its journal has more than \(limit >> 20) MiB" : "its journal: \(error)")
        }
        // Nothing is in it yet.
        guard !knowledge.root.isEmpty else { return nil }
        let root = FilePath(bytes: knowledge.root)
        guard outer.map({ root.starts(with: $0.root) }) != false else {
            throw Fault(text: "it is about a directory outside of its guard's")
        }
        self.place = place
        self.outer = outer
    }

    /// nil where there is none.
    private static func openJournal(
        _ folder: borrowing OwnedDescriptor
    ) throws(Fault) -> OwnedDescriptor? {
        do throws(Errno) {
            if let journal = try UndoFiles.open(
                UndoPlace.journal, at: folder.descriptor, .readOnly)
            {
                return journal
            }
        } catch {
            guard error != .noSuchFileOrDirectory else { return nil }
            throw Fault(text: "its journal: \(error)")
        }
        throw Fault(text: "its journal is no regular file")
    }

    /// The directory, where the one who ran in an outer guard cannot have put another by a link.
    func openRoot() throws(Errno) -> OwnedDescriptor {
        guard let outer else { return try SystemCall.open(root, [.directory]) }
        let above = try SystemCall.open(outer.root, [.directory])
        var path = root
        guard path.removePrefix(outer.root) else { throw .improperLink }
        return try SystemCall.open(
            path.isEmpty ? "." : path, beneath: above.descriptor, [.directory],
            resolve: .noSymbolicLinks)
    }
}

/// A store of sessions. Each is read when it is asked for, and one at a time: whoever ran in a
/// guard may have written long ones.
struct UndoStore {
    let path: FilePath

    init(_ path: FilePath) { self.path = path }

    /// All, each followed by those of guards within it, in the order of their names. One that
    /// cannot be read comes with its name and the reason.
    func forEach(
        _ body: (String, Result<FoundUndoSession, FoundUndoSession.Fault>) -> Void
    ) {
        for place in Self.places(in: path) {
            guard let outer = Self.read(place, nil, body) else { continue }
            // One within such a session is seen from there.
            for inner in Self.places(in: place.inner) { _ = Self.read(inner, outer, body) }
        }
    }

    private static func places(in store: FilePath) -> [UndoPlace] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: store.string)) ?? []
        return names.sorted().compactMap { try? UndoPlace(store: store, name: $0) }
    }

    private static func read(
        _ place: UndoPlace, _ outer: FoundUndoSession.Outer?,
        _ body: (String, Result<FoundUndoSession, FoundUndoSession.Fault>) -> Void
    ) -> FoundUndoSession.Outer? {
        let name = outer.map { "\($0.name)/\(place.name)" } ?? place.name
        do throws(FoundUndoSession.Fault) {
            guard let found = try FoundUndoSession(place, within: outer) else { return nil }
            body(name, .success(found))
            return FoundUndoSession.Outer(name: found.name, root: found.root)
        } catch {
            body(name, .failure(error))
            return nil
        }
    }

    /// Throws a ``CommandError`` where there is none, or it cannot be read.
    func session(_ name: String) throws -> FoundUndoSession {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        do {
            var found: FoundUndoSession?
            if let first = parts.first, parts.count < 3 {
                found = try FoundUndoSession(try UndoPlace(store: path, name: first))
            }
            if let outer = found, parts.count == 2 {
                found = try FoundUndoSession(
                    try UndoPlace(store: outer.place.inner, name: parts[1]),
                    within: FoundUndoSession.Outer(name: outer.name, root: outer.root))
            }
            if let found { return found }
        } catch let fault as FoundUndoSession.Fault {
            throw CommandError(.noInput, "Session \(name) cannot be read: \(fault.text).")
        } catch {
            // No name of a session.
        }
        throw CommandError(.noInput, "There is no session \(name): see bypassio undo list.")
    }

    /// The newest session that knows of a file; never one of a guard within a guard.
    ///
    /// Throws a ``CommandError`` where there is none.
    func newest(about file: FilePath) throws -> FoundUndoSession {
        var newest: FoundUndoSession?
        for place in Self.places(in: path) {
            guard let found = try? FoundUndoSession(place), file.starts(with: found.root) else {
                continue
            }
            let isOlder = newest.map { $0.knowledge.began.isAfter(found.knowledge.began) } ?? false
            if !isOlder { newest = found }
        }
        if let newest { return newest }
        throw CommandError(
            .noInput,
            "No session has changed anything in \(file): bypassio undo list shows all; "
                + "--session names one.")
    }
}

extension FileTime {
    func isAfter(_ other: FileTime) -> Bool {
        (seconds, nanoseconds) > (other.seconds, other.nanoseconds)
    }
}
