import Glibc
import IOStack
import LinuxKit
import Minifilters
import SystemPackage

/// The journal of a session, open to be read, with its folder.
struct UndoJournalFile: ~Copyable {
    /// Bytes in which the first record is: a path and the ranges of a user namespace.
    private static let longestBegin = 64 << 10

    let folder: OwnedDescriptor
    private let journal: OwnedDescriptor
    /// In bytes.
    let size: UInt64
    let modified: FileTime
    /// A service is at work with it.
    let isLive: Bool

    /// nil for a folder that is no session, or of another user. Throws a
    /// ``FoundUndoSession.Fault``.
    init?(_ place: UndoPlace) throws(FoundUndoSession.Fault) {
        guard let folder = try? place.openFolder(),
            let owner = try? SystemCall.status(of: folder.descriptor).user, owner == geteuid(),
            let journal = try Self.open(in: folder)
        else { return nil }
        try self.init(folder, journal)
    }

    private init(
        _ folder: consuming OwnedDescriptor, _ journal: consuming OwnedDescriptor
    ) throws(FoundUndoSession.Fault) {
        let status: FileStatus
        let isLive: Bool
        do throws(Errno) {
            status = try SystemCall.status(of: journal.descriptor)
            isLive =
                try SystemCall.conflictingLock(
                    journal.descriptor, with: UndoPlace.lock(.exclusive)) != nil
        } catch {
            throw FoundUndoSession.Fault(text: "its journal: \(error)")
        }
        (size, modified, self.isLive) = (status.size, FileTime(status.modified), isLive)
        self.folder = folder
        self.journal = journal
    }

    /// nil where there is none.
    private static func open(
        in folder: borrowing OwnedDescriptor
    ) throws(FoundUndoSession.Fault) -> OwnedDescriptor? {
        do throws(Errno) {
            if let journal = try UndoFiles.open(
                UndoPlace.journal, at: folder.descriptor, .readOnly)
            {
                return journal
            }
        } catch {
            guard error != .noSuchFileOrDirectory else { return nil }
            throw FoundUndoSession.Fault(text: "its journal: \(error)")
        }
        throw FoundUndoSession.Fault(text: "its journal is no regular file")
    }

    /// - Parameter limit: in bytes.
    func contents(atMost limit: UInt64) throws(FoundUndoSession.Fault) -> [UInt8] {
        do throws(Errno) {
            return try UndoFiles.contents(of: journal.descriptor, atMost: limit)
        } catch {
            throw error == .fileTooLarge
                ? .tooLong(limit) : FoundUndoSession.Fault(text: "its journal: \(error)")
        }
    }

    /// What the session is about, and when it began: without the rest of the journal. nil where
    /// nothing is in it yet.
    func begun() throws(FoundUndoSession.Fault) -> (root: FilePath, time: FileTime)? {
        var bytes = [UInt8](repeating: 0, count: Self.longestBegin)
        do throws(Errno) {
            let count = try SystemCall.read(journal.descriptor, into: &bytes, at: 0)
            bytes.removeLast(bytes.count - count)
        } catch {
            throw FoundUndoSession.Fault(text: "its journal: \(error)")
        }
        guard case .begun(let root, let time, _, _)? = UndoJournal.first(bytes) else { return nil }
        return (FilePath(bytes: root), time)
    }
}

extension FoundUndoSession.Fault {
    /// - Parameter limit: in bytes.
    static func tooLong(_ limit: UInt64) -> FoundUndoSession.Fault {
        FoundUndoSession.Fault(text: "its journal has more than \(limit >> 20) MiB")
    }
}
