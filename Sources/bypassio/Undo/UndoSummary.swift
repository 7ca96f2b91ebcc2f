import IOStack
import LinuxKit
import Minifilters
import SystemPackage

/// What `bypassio undo list` says of a session, beside its journal: so that the list does not take
/// the longer the more the sessions have changed.
///
/// It holds as long as the journal has the size that it had.
struct UndoSummary: Equatable {
    private static let version: UInt8 = 1
    private static let file: FilePath = "summary"
    private static let newFile: FilePath = "summary.new"
    private static let longest: UInt64 = 256

    /// Of the journal, in bytes.
    var size: UInt64 = 0
    /// Names that the session changed.
    var names: UInt64 = 0
    /// Files of which something is kept.
    var files: UInt64 = 0
    /// The session's service ended by itself.
    var hasEnded = false

    init() {}

    init(_ session: FoundUndoSession) {
        size = session.journalSize
        names = UInt64(session.knowledge.order.count)
        files = UInt64(session.knowledge.kept.count)
        hasEnded = session.knowledge.ended != nil
    }

    /// nil where there is none.
    init?(in folder: FileDescriptor) {
        guard let file = try? UndoFiles.open(Self.file, at: folder, .readOnly),
            let bytes = try? UndoFiles.contents(of: file.descriptor, atMost: Self.longest)
        else { return nil }
        var reader = StateReader(bytes)
        guard (try? reader.byte()) == Self.version, let size = try? reader.long(),
            let names = try? reader.long(), let files = try? reader.long(),
            let hasEnded = try? reader.flag(), let sum = try? reader.long(), reader.isAtEnd,
            sum == Array(bytes.dropLast(8)).stateSum(from: 0)
        else { return nil }
        (self.size, self.names, self.files, self.hasEnded) = (size, names, files, hasEnded)
    }

    /// Whole or not at all. A session without it is read.
    func write(in folder: FileDescriptor) {
        var writer = StateWriter()
        writer.byte(Self.version)
        for value in [size, names, files] { writer.long(value) }
        writer.flag(hasEnded)
        writer.long(writer.bytes.stateSum(from: 0))
        // Whatever lies there is not followed.
        try? SystemCall.unlink(Self.newFile, at: folder)
        guard
            let file = try? SystemCall.open(
                Self.newFile, at: folder, [.writeOnly, .create, .exclusive, .noFollow],
                mode: 0o600),
            (try? SystemCall.writeAll(writer.bytes, to: file.descriptor, at: 0)) != nil
        else { return }
        try? SystemCall.rename(Self.newFile, at: folder, to: Self.file, at: folder)
    }
}

/// What a session is about, by its summary and the first record of its journal.
struct UndoOverview {
    /// In bytes; a longer journal that a program within a guard wrote is not read for a list.
    private static let longestInnerRead: UInt64 = 16 << 20

    /// In bytes; of a session that is at work a shorter journal is read, because its summary may be
    /// a second old.
    private static let shortRead: UInt64 = 1 << 20

    let address: UndoAddress
    let root: FilePath
    let began: FileTime
    let isLive: Bool
    /// nil: nobody has counted.
    let counts: UndoSummary?
    /// All changes were taken back while the session was at work; others may have come since.
    private let wasTakenBack: Bool

    /// nil for a folder that is no session. Throws a ``FoundUndoSession.Fault``.
    init?(_ address: UndoAddress) throws(FoundUndoSession.Fault) {
        var above: FoundUndoSession.Outer?
        if address.outer != nil {
            above = try address.above()
            guard above != nil else { return nil }
        }
        guard let file = try UndoJournalFile(address.place) else { return nil }
        let limit =
            above == nil ? UndoPlace.longestJournal : UndoPlace.longestInnerJournal
        guard file.size <= limit else { throw .tooLong(limit) }
        guard let begun = try file.begun() else { return nil }
        try above?.check(begun.root)
        self.address = address
        (root, began, isLive) = (begun.root, begun.time, file.isLive)
        let folder = file.folder.descriptor
        let isLong = address.outer != nil && file.size > Self.longestInnerRead
        wasTakenBack = !isLong && UndoTakenBack.time(in: folder) != nil
        if let summary = UndoSummary(in: folder),
            summary.size == file.size
                || (file.isLive && summary.size < file.size && file.size > Self.shortRead)
        {
            counts = summary
        } else if isLong {
            counts = nil
        } else {
            guard let session = try FoundUndoSession(address.place, within: above) else {
                return nil
            }
            let summary = UndoSummary(session)
            if !session.isLive { summary.write(in: folder) }
            counts = summary
        }
    }

    /// In one or two words.
    var state: String {
        if isLive { return isDone ? "at work, all taken back" : "at work" }
        return counts.map { $0.hasEnded ? "ended" : "killed" } ?? "not at work"
    }

    /// All changes were taken back while it was at work, and none has come since.
    private var isDone: Bool {
        guard wasTakenBack, let session = try? address.session() else { return false }
        return UndoTakenBack.holds(session)
    }

    /// Removes a session that has nothing to take back.
    func removeIfDone() -> Bool {
        guard !isLive, isDone else { return false }
        UndoRelease.removeAll(of: address)
        return true
    }
}
