import BypassIOProtocol
import Foundation
import HostFileSystem
import IOStack
import LinuxKit
import Locks
import Minifilters
import Synchronization
import SystemPackage

/// The session of a filter, from its load on.
///
/// Any thread. Lock order: a leaf.
final class UndoSession: UndoKeeping {
    let place: UndoPlace
    private let complain: @Sendable (String) -> Void
    private let opened = Monitor<OpenUndoSession?>(nil)
    private let hasBegun = Monitor(false)

    /// - Parameter complain: gets a sentence where the session does not begin.
    init(_ place: UndoPlace, complain: @escaping @Sendable (String) -> Void) {
        self.place = place
        self.complain = complain
    }

    /// Throws a ``CommandError``, for a store within the volume before anything is made there.
    func open(on volume: Volume) throws {
        if let directory = Self.path(of: volume), place.lies(in: directory) {
            throw CommandError(
                .usage, "The store \(place.store) lies in \(directory): name another by store=.")
        }
        do throws(Errno) {
            let new = try OpenUndoSession(place)
            opened.withLock { $0 = new }
        } catch {
            throw CommandError(.cannotCreate, "The session \(place.path) cannot be had: \(error).")
        }
    }

    private static func path(of volume: Volume) -> FilePath? {
        (volume.fileSystem as? HostFileSystem).flatMap { try? SystemCall.realPath($0.directory) }
    }

    func begin(on volume: Volume) -> UndoKnowledge? {
        guard let session = opened.withLock({ $0 }), let path = Self.path(of: volume),
            !hasBegun.withLock({ hasBegun in
                defer { hasBegun = true }
                return hasBegun
            })
        else { return nil }
        // What a program could change would be its own judge. The directory has moved since.
        if place.lies(in: path) {
            complain("undo does not attach: its store \(place.store) lies in \(path)")
            place.remove()
            return nil
        }
        let now = KernelClock.files
        let begun = UndoRecord.begun(
            root: path.bytes, FileTime(seconds: now.seconds, nanoseconds: now.nanoseconds),
            users: Self.identities("uid_map"), groups: Self.identities("gid_map"))
        guard (try? session.append([begun])) != nil else { return nil }
        return session.knowledge
    }

    /// Of this process' user namespace (user_namespaces(7)).
    private static func identities(_ name: String) -> [UndoIDs] {
        IdentityRange.all(in: name).map {
            UndoIDs(inside: $0.inside, outside: $0.outside, count: $0.count)
        }
    }

    private func session() throws(IOFailure) -> OpenUndoSession {
        guard let session = opened.withLock({ $0 }) else { throw IOFailure(.internalError) }
        return session
    }

    func end() { opened.withLock({ $0 })?.end() }

    func append(_ records: [UndoRecord]) throws(IOFailure) { try session().append(records) }

    func clone(_ file: StorageHandle, as number: UInt64) -> Bool {
        (try? session().clone(file, as: number)) ?? false
    }

    func hold(_ file: StorageHandle, as number: UInt64) -> Bool {
        (try? session().hold(file, as: number)) ?? false
    }

    func release(_ number: UInt64) { try? session().release(number) }

    func keep(_ bytes: Span<UInt8>, of number: UInt64, at offset: UInt64) throws(IOFailure) {
        try session().keep(bytes, of: number, at: offset)
    }

    func beat() { try? session().beat() }
}

/// A session that is written: its journal, and the folders with what is kept (docs/undo.md).
///
/// Nothing is synced: what a killed process wrote is there, what a machine that lost its power had
/// not written may not be.
///
/// Any thread. Lock order: `journal` and `files` are leaves.
final class OpenUndoSession: Sendable {
    /// Copies that are open at a time.
    private static let mostFiles = 32

    private struct Journal: ~Copyable, Sendable {
        let file: OwnedDescriptor
        var summary: UndoSummary
        /// Files of which something is kept.
        var files: Set<UInt64>
        /// When the summary was written last, in seconds of the clock of files.
        var told: Int64 = 0

        /// After its records were written.
        mutating func count(_ records: [UndoRecord], _ bytes: Int) {
            summary.size += UInt64(bytes)
            for record in records {
                switch record {
                case .entry: summary.names += 1
                case .kept(let number, _, _, _), .whole(let number), .held(let number),
                    .flags(let number, _):
                    files.insert(number)
                case .forgottenNode(let number): files.remove(number)
                case .ended: summary.hasEnded = true
                case .begun: summary.hasEnded = false
                default: break
                }
            }
            summary.files = UInt64(files.count)
        }
    }

    private final class Copy: Sendable {
        let file: OwnedDescriptor
        init(_ file: consuming OwnedDescriptor) { self.file = file }
    }

    private let place: UndoPlace
    let knowledge: UndoKnowledge
    private let folder: OwnedDescriptor
    private let copies: OwnedDescriptor
    private let held: OwnedDescriptor
    private let journal: Guarded<Journal>
    private let files = Monitor<[UInt64: Copy]>([:])
    /// Seconds of the clock of files. Relaxed: whoever is late beats once more.
    private let lastBeat = Atomic<Int64>(0)
    /// The journal knows of a file. Relaxed: only ``end()`` asks, when no change comes any more.
    private let changed: Atomic<Bool>

    /// Begins a session, or goes on with one.
    init(_ place: UndoPlace) throws(Errno) {
        self.place = place
        try place.make()
        let folder = try place.openFolder()
        copies = try UndoPlace.copies(in: folder)
        held = try UndoPlace.held(in: folder)
        let file = try SystemCall.open(
            UndoPlace.journal, at: folder.descriptor,
            [.readWrite, .create, .append, .noFollow, .nonBlocking], mode: 0o600)
        guard try SystemCall.status(of: file.descriptor).isRegularFile else {
            throw .invalidArgument
        }
        // Whoever reads the session sees that it is at work.
        try SystemCall.lockRange(file.descriptor, UndoPlace.lock(.shared), waiting: true)
        let (records, length) = UndoJournal.records(
            try UndoFiles.contents(of: file.descriptor, atMost: UndoPlace.longestJournal))
        try SystemCall.truncate(file.descriptor, to: Int64(length))
        knowledge = UndoKnowledge(records)
        changed = Atomic(!knowledge.nodes.isEmpty)
        var summary = UndoSummary()
        (summary.size, summary.names) = (UInt64(length), UInt64(knowledge.order.count))
        journal = Guarded(
            Journal(file: file, summary: summary, files: Set(knowledge.kept.keys)))
        self.folder = folder
    }

    /// No change comes any more. A session that changed nothing is removed.
    func end() {
        // Since Linux 6.13 a file's stamp may be later than the clock of other stamps.
        let now = WallTime.now.nanoseconds
        let (seconds, rest) = now.quotientAndRemainder(dividingBy: 1_000_000_000)
        try? append([.ended(FileTime(seconds: seconds, nanoseconds: UInt32(rest)))])
        journal.withLock { $0.summary.write(in: folder.descriptor) }
        files.withLock { $0 = [:] }
        // A long journal is not read again.
        guard !changed.load(ordering: .relaxed) else { return }
        let isUnused = journal.withLock { journal in
            let file = journal.file.descriptor
            // A new service may be at work with it, or have been.
            guard
                (try? SystemCall.lockRange(file, UndoPlace.lock(.exclusive), waiting: false))
                    != nil,
                let bytes = try? UndoFiles.contents(of: file, atMost: UndoPlace.longestJournal)
            else { return false }
            return !UndoJournal.records(bytes).records.contains(where: \.isOfFile)
        }
        if isUnused { place.remove() }
    }

    func append(_ records: [UndoRecord]) throws(IOFailure) {
        if records.contains(where: \.isOfFile) { changed.store(true, ordering: .relaxed) }
        let bytes = UndoJournal.frames(records)
        do throws(Errno) {
            try journal.withLock { (journal) throws(Errno) in
                do throws(Errno) {
                    try SystemCall.writeAll(bytes, to: journal.file.descriptor, at: 0)
                } catch {
                    // Without half a record at its end, which would end the journal.
                    let file = journal.file.descriptor
                    if let bytes = try? UndoFiles.contents(
                        of: file, atMost: UndoPlace.longestJournal)
                    {
                        let whole = UndoJournal.records(bytes).length
                        try? SystemCall.truncate(file, to: Int64(whole))
                    }
                    throw error
                }
                journal.count(records, bytes.count)
                let now = KernelClock.files.seconds
                guard journal.told != now else { return }
                journal.told = now
                journal.summary.write(in: folder.descriptor)
            }
        } catch {
            throw IOFailure(errno: error)
        }
    }

    func beat() {
        let now = KernelClock.files.seconds
        guard lastBeat.load(ordering: .relaxed) != now else { return }
        lastBeat.store(now, ordering: .relaxed)
        journal.withLock { journal in
            try? SystemCall.changeTimes(
                of: journal.file.descriptor, accessed: .keep, modified: .now)
        }
    }

    // MARK: Old states

    func clone(_ file: StorageHandle, as number: UInt64) -> Bool {
        do throws(Errno) {
            let copy = try SystemCall.open(
                UndoPlace.name(number), at: copies.descriptor,
                [.writeOnly, .create, .truncate, .noFollow], mode: 0o600)
            try SystemCall.clone(FileDescriptor(rawValue: file.rawValue), to: copy.descriptor)
            return true
        } catch {
            return false
        }
    }

    func hold(_ file: StorageHandle, as number: UInt64) -> Bool {
        let name = UndoPlace.name(number)
        let descriptor = FileDescriptor(rawValue: file.rawValue)
        do throws(Errno) {
            do throws(Errno) {
                try SystemCall.link(descriptor, to: name, at: held.descriptor)
            } catch {
                // A service that was killed before it said so.
                guard error == .fileExists else { throw error }
                try SystemCall.unlink(name, at: held.descriptor)
                try SystemCall.link(descriptor, to: name, at: held.descriptor)
            }
            return true
        } catch {
            return false
        }
    }

    func release(_ number: UInt64) {
        try? SystemCall.unlink(UndoPlace.name(number), at: held.descriptor)
    }

    func keep(_ bytes: Span<UInt8>, of number: UInt64, at offset: UInt64) throws(IOFailure) {
        do throws(Errno) {
            let copy = try copy(of: number)
            try SystemCall.writeAll(
                [UInt8](copying: bytes), to: copy.file.descriptor, at: Int64(clamping: offset))
        } catch {
            throw IOFailure(errno: error)
        }
    }

    private func copy(of number: UInt64) throws(Errno) -> Copy {
        if let known = files.withLock({ $0[number] }) { return known }
        let made = Copy(
            try SystemCall.open(
                UndoPlace.name(number), at: copies.descriptor, [.writeOnly, .create, .noFollow],
                mode: 0o600))
        files.withLock { files in
            if files.count >= Self.mostFiles { files.removeAll(keepingCapacity: true) }
            files[number] = made
        }
        return made
    }
}
