import BypassIOProtocol
package import IOStack
import Synchronization

/// Keeps the old state of each file before its first change, so that all changes of a session can
/// be taken back (docs/undo.md).
///
/// What a change is about is kept, and no more: of a write the bytes that it overwrites, of a
/// truncation those that it cuts, of a removal the file itself by a further name, of every change
/// names, mode, owner, times and extended attributes. Files that the session made are not kept.
/// Reads are left alone: bypass costs them nothing, and files that change nothing cost nothing.
///
/// A change goes down only when the record of its old state is written.
///
/// Usable from any thread. Lock order: `recording`, held while the layers below are asked and the
/// keeper writes; then a file's `kept`, held while its bytes are copied; then `known`, a leaf. No
/// lock is held while a change is below. A request that waits for the disk under `recording` holds
/// up first changes of other files, and nothing else.
package final class UndoFilter: Filter, PreWriteFilter, PreOpenFilter, PostOpenFilter,
    PreChangeFilter, PostChangeFilter
{
    package let name = "undo"
    /// Lies in FSFilter Continuous Backup.
    package let altitude = Altitude(integer: 285_000)
    /// Reads are not looked at.
    package let supportedFeatures: FilterRegistration.Features = .bypassIO
    package let kernelReads: KernelReadTerms? = .unwatched

    /// What a name means after the session's last change of it.
    enum Left: Sendable {
        /// Of an earlier service of the session.
        case untold
        case nothing
        case file(FileID)
    }

    /// Names that a session may change: what is kept of each takes memory.
    static let mostNames = 4_194_304
    /// Records that are written at a time.
    private static let batch = 4096

    struct Known {
        /// Files of before the session.
        var files: [FileID: UndoFile] = [:]
        /// Files that the session made, with their birth.
        var fresh: [FileID: FileTime?] = [:]
        /// Names whose old meaning is recorded, and what they mean now.
        var names: [UndoEntry: Left] = [:]
        var next: UInt64 = 1
        /// Bytes that are kept.
        var used: UInt64 = 0
        var hasComplained = false
    }

    let keeper: any UndoKeeping
    /// In bytes; nil: as much as there is.
    private let space: UInt64?
    private let fullness: UndoFullness
    private let complain: @Sendable (String) -> Void
    let known = Guarded(Known())
    let recording = Guarded<Void>(())

    /// - Parameters:
    ///   - keeper: of a session that nobody else writes.
    ///   - space: the budget in bytes.
    ///   - fullness: what happens when that is spent.
    ///   - complain: gets a sentence when that happens for the first time.
    package init(
        _ keeper: any UndoKeeping, space: UInt64? = nil, whenFull fullness: UndoFullness = .refuse,
        complain: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.keeper = keeper
        self.space = space
        self.fullness = fullness
        self.complain = complain
    }

    /// What is kept, in bytes of data.
    package var used: UInt64 { known.withLock { $0.used } }

    /// One volume has one session.
    package func willAttach(
        _ instance: FilterInstance, _ reason: FilterRegistration.SetupReason
    ) -> Bool {
        guard let knowledge = keeper.begin(on: instance.volume) else { return false }
        known.withLock { $0 = Known(knowledge) }
        return true
    }

    package func didDetach(
        _ instance: FilterInstance, _ reason: FilterRegistration.TeardownReason
    ) {
        tellNames()
        keeper.end()
    }

    /// Writes down what names mean at the end, so that later changes of others are found. Where a
    /// service is killed before, they are found by their times.
    private func tellNames() {
        let names = known.withLock { known in
            known.names.compactMap { entry, left -> UndoRecord? in
                switch left {
                case .untold: nil
                case .nothing: .left(entry, nil)
                case .file(let file): .left(entry, file)
                }
            }
        }
        for start in stride(from: 0, to: names.count, by: Self.batch) {
            try? keeper.append(Array(names[start..<min(start + Self.batch, names.count)]))
        }
    }

    // MARK: The budget

    /// Takes room for so many bytes. False: the old state is not to be kept. Throws
    /// `NTStatus.diskFull` where the change must not be made then.
    func reserve(_ bytes: UInt64) throws(IOFailure) -> Bool {
        let (fits, isFirst) = known.withLock { known in
            let used = known.used.addingReportingOverflow(bytes)
            guard used.overflow || used.partialValue > space ?? .max else {
                known.used = used.partialValue
                return (true, false)
            }
            defer { known.hasComplained = true }
            return (false, !known.hasComplained)
        }
        if fits { return true }
        try spent(isFirst)
        return false
    }

    /// The disk has no room for it.
    func isFull() throws(IOFailure) {
        let isFirst = known.withLock { known in
            defer { known.hasComplained = true }
            return !known.hasComplained
        }
        try spent(isFirst)
    }

    private func spent(_ isFirst: Bool) throws(IOFailure) {
        let what =
            fullness == .refuse
            ? "further changes of files that were there before are refused"
            : "the old state of further files is not kept"
        if isFirst { complain("undo has no room left: \(what)") }
        guard fullness == .forget else { throw IOFailure(.diskFull) }
    }

    /// The answer to a request whose old state was kept, or could not be.
    func answering(
        _ body: () throws(IOFailure) -> PreOperationAnswer
    ) -> PreOperationAnswer {
        do throws(IOFailure) {
            return try body()
        } catch {
            return .failAs(error)
        }
    }
}

extension UndoFilter.Known {
    /// Of a session that goes on. A name stands for the file that it stood for then.
    init(_ knowledge: UndoKnowledge) {
        next = knowledge.next
        names = Dictionary(uniqueKeysWithValues: knowledge.order.map { ($0, .untold) })
        for (number, node) in knowledge.nodes {
            var kept = UndoFile.Kept()
            if let old = knowledge.kept[number] {
                kept.ranges = old.data
                for hole in old.holes.all { kept.ranges.insert(hole) }
                (kept.isWhole, kept.isHeld) = (old.isWhole, old.isHeld)
                kept.hasFlags = old.flags != nil
                let sum = used.addingReportingOverflow(old.data.count)
                used = sum.overflow ? .max : sum.partialValue
            }
            kept.isForgotten = knowledge.forgotten.contains(number)
            // Of two with one identity the later is there.
            if let other = files[node.file], other.number > number { continue }
            files[node.file] = UndoFile(node, kept)
        }
    }
}
