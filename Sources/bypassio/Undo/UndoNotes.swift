import IOStack
import LinuxKit
import Minifilters
import SystemPackage

/// What a command writes into the journal of a session: what it is about to change, so that one
/// that is killed is not taken for somebody else, and what is kept no more.
struct UndoNotes: ~Copyable {
    private let journal: OwnedDescriptor

    /// Throws `EINVAL` for a journal that is no regular file.
    init(_ session: FoundUndoSession) throws(Errno) {
        let folder = try session.place.openFolder()
        guard
            let journal = try UndoFiles.open(
                UndoPlace.journal, at: folder.descriptor, [.readWrite, .append])
        else { throw .invalidArgument }
        // Behind a record whose end is missing nothing would be read. Of a session that is at work
        // its service sees to that.
        let size = try SystemCall.status(of: journal.descriptor).size
        if size == session.journalSize, session.journalLength < size,
            (try? SystemCall.lockRange(
                journal.descriptor, UndoPlace.lock(.exclusive), waiting: false)) != nil
        {
            try SystemCall.truncate(journal.descriptor, to: Int64(session.journalLength))
            try SystemCall.lockRange(journal.descriptor, UndoPlace.lock(.none), waiting: false)
        }
        self.journal = journal
    }

    func write(_ records: [UndoRecord]) throws(Errno) {
        try SystemCall.writeAll(UndoJournal.frames(records), to: journal.descriptor, at: 0)
    }
}
