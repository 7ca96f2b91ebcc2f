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
        let place: UndoPlace
        let root: FilePath
        var name: String { place.name }
    }

    /// Where a session is.
    var address: UndoAddress { UndoAddress(place: place, outer: outer?.place) }

    /// How much of that could be read.
    var journalLength: UInt64 { UInt64(knowledge.length) }

    var name: String { address.name }
    /// The directory whose changes it knows.
    var root: FilePath { FilePath(bytes: knowledge.root) }

    /// Changes of files after that are not the session's; nil while it is at work.
    var end: FileTime? {
        guard !isLive else { return nil }
        if let ended = knowledge.ended { return ended }
        // It was killed: it beats once a second while it is at work.
        return FileTime(seconds: lastSeen.seconds &+ 2, nanoseconds: lastSeen.nanoseconds)
    }

    /// The file is as the session left it: nobody has changed it after the session's end, but for a
    /// revert that took the changes of another session back.
    ///
    /// - Parameters:
    ///   - changed: when it was changed last.
    ///   - end: of the session.
    func hasLeft(_ file: FileID, _ changed: FileTime, _ end: FileTime) -> Bool {
        !changed.isAfter(end) || knowledge.returned[file] == changed
    }

    /// Why a session cannot be read, as the end of a sentence.
    struct Fault: Error {
        let text: String
    }

    /// nil for a folder that is no session, or of another user. Throws a ``Fault``.
    init?(_ place: UndoPlace, within outer: Outer? = nil) throws(Fault) {
        guard let file = try UndoJournalFile(place) else { return nil }
        let limit = outer == nil ? UndoPlace.longestJournal : UndoPlace.longestInnerJournal
        let bytes = try file.contents(atMost: limit)
        (lastSeen, isLive) = (file.modified, file.isLive)
        journalSize = UInt64(bytes.count)
        knowledge = UndoKnowledge(journal: bytes)
        // Nothing is in it yet.
        guard !knowledge.root.isEmpty else { return nil }
        try outer?.check(FilePath(bytes: knowledge.root))
        self.place = place
        self.outer = outer
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

extension FoundUndoSession.Outer {
    /// Throws for the directory of a session within that cannot be one.
    func check(_ path: FilePath) throws(FoundUndoSession.Fault) {
        guard path.starts(with: root) else {
            throw FoundUndoSession.Fault(text: "it is about a directory outside of its guard's")
        }
    }
}

/// Where a session is: in a store, or in that of the guard within which it was.
struct UndoAddress: Hashable {
    let place: UndoPlace
    let outer: UndoPlace?

    var name: String { outer.map { "\($0.name)/\(place.name)" } ?? place.name }

    /// nil where there is none. Throws a ``FoundUndoSession.Fault``.
    func session() throws(FoundUndoSession.Fault) -> FoundUndoSession? {
        guard outer != nil else { return try FoundUndoSession(place) }
        guard let above = try above() else { return nil }
        return try FoundUndoSession(place, within: above)
    }

    /// The session of the guard within which it was.
    func above() throws(FoundUndoSession.Fault) -> FoundUndoSession.Outer? {
        guard let outer, let (root, _) = try UndoJournalFile(outer)?.begun() else { return nil }
        return FoundUndoSession.Outer(place: outer, root: root)
    }
}

/// A store of sessions. Each is read when it is asked for, and one at a time: whoever ran in a
/// guard may have written long ones.
struct UndoStore {
    let path: FilePath

    init(_ path: FilePath) { self.path = path }

    /// All, each followed by those of guards within it, in the order of their names.
    var addresses: [UndoAddress] {
        Self.places(in: path).flatMap { place in
            [UndoAddress(place: place, outer: nil)]
                // One within such a session is seen from there.
                + Self.places(in: place.inner).map { UndoAddress(place: $0, outer: place) }
        }
    }

    private static func places(in store: FilePath) -> [UndoPlace] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: store.string)) ?? []
        return names.sorted().compactMap { try? UndoPlace(store: store, name: $0) }
    }

    /// Throws a ``CommandError`` where there is none, or it cannot be read.
    func session(_ name: String) throws -> FoundUndoSession {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        do {
            if let first = parts.first, parts.count < 3 {
                let place = try UndoPlace(store: path, name: first)
                let address =
                    parts.count == 1
                    ? UndoAddress(place: place, outer: nil)
                    : UndoAddress(
                        place: try UndoPlace(store: place.inner, name: parts[1]), outer: place)
                if let found = try address.session() { return found }
            }
        } catch let fault as FoundUndoSession.Fault {
            throw CommandError(.noInput, "Session \(name) cannot be read: \(fault.text).")
        } catch {
            // No name of a session.
        }
        throw CommandError(.noInput, "There is no session \(name): see bypassio undo list.")
    }

    /// The newest session that knows of a file; never one of a guard within a guard.
    ///
    /// Throws a ``CommandError`` where there is none, or it cannot be read.
    func newest(about file: FilePath) throws -> FoundUndoSession {
        var candidates: [UndoOverview] = []
        for address in addresses where address.outer == nil {
            guard let found = try? UndoOverview(address), file.starts(with: found.root) else {
                continue
            }
            candidates.append(found)
        }
        // Of two of one time the later by its name.
        for found in candidates.reversed().sorted(by: { $0.began.isAfter($1.began) })
        where !found.removeIfDone() {
            if let session = try? found.address.session() { return session }
        }
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
