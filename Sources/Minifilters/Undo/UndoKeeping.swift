package import IOStack

/// Where a session keeps old states. The service makes it: a filter knows no folder of the machine.
///
/// Any thread, several at once, but one at a time for one file. What a call did is there even if
/// the process is killed right after it.
package protocol UndoKeeping: Sendable {
    /// The session begins on a volume, or goes on with what it knows; nil refuses it. Called
    /// before the first record.
    func begin(on volume: Volume) -> UndoKnowledge?

    /// No change comes any more.
    func end()

    /// Writes records behind the others, all or none. Throws `NTStatus.diskFull` and the like.
    func append(_ records: [UndoRecord]) throws(IOFailure)

    /// Copies a whole file without its bytes (FICLONE); false where the disk cannot.
    func clone(_ file: StorageHandle, as number: UInt64) -> Bool

    /// Gives the file itself a further name in the session's folder; false where that lies on
    /// another disk.
    func hold(_ file: StorageHandle, as number: UInt64) -> Bool

    /// Takes the name of ``hold(_:as:)`` back, for a file that kept its own.
    func release(_ number: UInt64)

    /// Writes old bytes into the file's copy.
    func keep(_ bytes: Span<UInt8>, of number: UInt64, at offset: UInt64) throws(IOFailure)

    /// The session is at work. Called with each write: it costs nothing most times.
    func beat()
}

/// What `undo` does when its budget is spent.
package enum UndoFullness: String, Sendable, CaseIterable {
    /// Changes whose old state would not fit fail with STATUS\_DISK\_FULL.
    case refuse
    /// Changes go on, and their old state is not kept.
    case forget
}

/// A file or directory that was there before the session, for as long as the filter is attached.
///
/// Lock order: ``UndoFilter``'s `recording`, then `kept`, then its `known`.
final class UndoFile: Sendable {
    let number: UInt64
    let birth: FileTime?
    let kind: FileKind
    /// Of the old state, in bytes.
    let size: UInt64
    let kept: Guarded<Kept>

    struct Kept: Sendable {
        var ranges = UndoRanges()
        /// Cloned or copied as a whole.
        var isWhole = false
        var isHeld = false
        var hasFlags = false
        /// The budget was spent.
        var isForgotten = false
    }

    init(_ node: UndoNode, _ kept: Kept = Kept()) {
        number = node.number
        birth = node.birth
        kind = node.kind
        size = node.size
        self.kept = Guarded(kept)
    }
}
