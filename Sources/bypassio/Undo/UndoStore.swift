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
    /// The session of the guard within which it was: whoever ran there may have written anything
    /// here, so it is trusted no further than that guard's directory.
    let outer: Outer?

    struct Outer {
        let name: String
        let root: FilePath
    }

    var name: String { outer.map { "\($0.name)/\(place.name)" } ?? place.name }
    /// The directory whose changes it knows.
    var root: FilePath { FilePath(bytes: knowledge.root) }

    /// Changes of files after that are not the session's; nil while it is at work.
    var end: FileTime? {
        guard !isLive else { return nil }
        if let ended = knowledge.ended { return ended }
        // It was killed: it beats once a second while it is at work.
        return FileTime(seconds: lastSeen.seconds + 2, nanoseconds: lastSeen.nanoseconds)
    }

    /// nil for a folder that is no session, or of another user.
    init?(_ place: UndoPlace, within outer: Outer? = nil) {
        do throws(Errno) {
            let folder = try SystemCall.open(place.path, [.directory, .noFollow])
            guard try SystemCall.status(of: folder.descriptor).user == geteuid() else {
                return nil
            }
            let journal = try SystemCall.open(
                "journal", at: folder.descriptor, [.readOnly, .noFollow])
            let modified = try SystemCall.status(of: journal.descriptor).modified
            lastSeen = FileTime(seconds: modified.seconds, nanoseconds: modified.nanoseconds)
            let bytes = try UndoFiles.contents(of: journal.descriptor)
            knowledge = UndoKnowledge(UndoJournal.records(bytes).records)
            let root = FilePath(bytes: knowledge.root)
            guard root.isAbsolute, outer.map({ root.starts(with: $0.root) }) != false else {
                return nil
            }
            isLive =
                (try? SystemCall.lockWhole(folder.descriptor, .exclusive, waiting: false)) == nil
            self.place = place
            self.outer = outer
        } catch {
            return nil
        }
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

/// A store of sessions.
enum UndoStore {
    /// All of a store, and those of guards within guards, the oldest first.
    static func sessions(
        in store: FilePath, within outer: FoundUndoSession.Outer? = nil
    ) -> [FoundUndoSession] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: store.string)) ?? []
        var found: [FoundUndoSession] = []
        for name in names.sorted() {
            guard let place = try? UndoPlace(store: store, name: name) else { continue }
            guard let session = FoundUndoSession(place, within: outer) else { continue }
            found.append(session)
            // One within such a session is seen from there.
            guard outer == nil else { continue }
            found += sessions(
                in: place.inner,
                within: FoundUndoSession.Outer(name: session.name, root: session.root))
        }
        return found.sorted { $1.knowledge.began.isAfter($0.knowledge.began) }
    }

    /// The session of that name, or the newest one that knows of `path`.
    ///
    /// Throws a ``CommandError`` where there is none.
    static func session(
        _ name: String?, in store: FilePath, about path: FilePath
    ) throws -> FoundUndoSession {
        let all = sessions(in: store)
        if let name {
            guard let found = all.last(where: { $0.name == name }) else {
                throw CommandError(.noInput, "There is no session \(name): see bypassio undo list.")
            }
            return found
        }
        guard let found = all.last(where: { $0.outer == nil && path.starts(with: $0.root) }) else {
            throw CommandError(
                .noInput,
                "No session has changed anything in \(path): bypassio undo list shows all; "
                    + "--session names one.")
        }
        return found
    }
}

extension FileTime {
    func isAfter(_ other: FileTime) -> Bool {
        (seconds, nanoseconds) > (other.seconds, other.nanoseconds)
    }
}
