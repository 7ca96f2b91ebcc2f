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

    /// Throws a ``CommandError``.
    func open() throws {
        do throws(Errno) {
            let new = try OpenUndoSession(place)
            opened.withLock { $0 = new }
        } catch {
            throw CommandError(.cannotCreate, "The session \(place.path) cannot be had: \(error).")
        }
    }

    func begin(on volume: Volume) -> UndoKnowledge? {
        guard let session = opened.withLock({ $0 }),
            let root = (volume.fileSystem as? HostFileSystem)?.directory,
            let path = try? SystemCall.realPath(root),
            !hasBegun.withLock({ hasBegun in
                defer { hasBegun = true }
                return hasBegun
            })
        else { return nil }
        // What a program could change would be its own judge.
        if let store = try? SystemCall.realPath(place.path), store.starts(with: path) {
            complain("undo does not attach: its store \(store) lies in \(path)")
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
        let lines = (KernelFile.text("/proc/self/\(name)") ?? "")
            .split(separator: "\n")
        return lines.compactMap { line in
            let numbers = line.split(separator: " ").compactMap { UInt32($0) }
            guard numbers.count == 3 else { return nil }
            return UndoIDs(inside: numbers[0], outside: numbers[1], count: numbers[2])
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
    }

    private final class Copy: Sendable {
        let file: OwnedDescriptor
        init(_ file: consuming OwnedDescriptor) { self.file = file }
    }

    private let place: UndoPlace
    let knowledge: UndoKnowledge
    private let folder: OwnedDescriptor
    private let journal: Guarded<Journal>
    private let files = Monitor<[UInt64: Copy]>([:])
    /// Seconds of the clock of files. Relaxed: whoever is late beats once more.
    private let lastBeat = Atomic<Int64>(0)

    /// Begins a session, or goes on with one.
    init(_ place: UndoPlace) throws(Errno) {
        self.place = place
        try place.make()
        folder = try SystemCall.open(place.path, [.directory])
        // Whoever reads the session sees that it is at work.
        try SystemCall.lockWhole(folder.descriptor, .shared, waiting: true)
        let file = try SystemCall.open(
            "journal", at: folder.descriptor, [.readWrite, .create, .append, .noFollow],
            mode: 0o600)
        let (records, length) = UndoJournal.records(try UndoFiles.contents(of: file.descriptor))
        try SystemCall.truncate(file.descriptor, to: Int64(length))
        knowledge = UndoKnowledge(records)
        journal = Guarded(Journal(file: file))
    }

    /// No change comes any more. A session that changed nothing is removed.
    func end() {
        // Since Linux 6.13 a file's stamp may be later than the clock of other stamps.
        let now = WallTime.now.nanoseconds
        let (seconds, rest) = now.quotientAndRemainder(dividingBy: 1_000_000_000)
        try? append([.ended(FileTime(seconds: seconds, nanoseconds: UInt32(rest)))])
        files.withLock { $0 = [:] }
        let bytes = journal.withLock { try? UndoFiles.contents(of: $0.file.descriptor) }
        guard let bytes, UndoKnowledge(UndoJournal.records(bytes).records).nodes.isEmpty,
            // A new service may be at work with it.
            (try? SystemCall.lockWhole(folder.descriptor, .exclusive, waiting: false)) != nil
        else { return }
        place.remove()
    }

    func append(_ records: [UndoRecord]) throws(IOFailure) {
        let bytes = UndoJournal.frames(records)
        do throws(Errno) {
            try journal.withLock { (journal) throws(Errno) in
                do throws(Errno) {
                    try SystemCall.writeAll(bytes, to: journal.file.descriptor, at: 0)
                } catch {
                    // Without half a record at its end, which would end the journal.
                    let file = journal.file.descriptor
                    if let whole = try? UndoJournal.records(UndoFiles.contents(of: file)).length {
                        try? SystemCall.truncate(file, to: Int64(whole))
                    }
                    throw error
                }
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
                UndoPlace.copy(number), at: folder.descriptor,
                [.writeOnly, .create, .truncate, .noFollow], mode: 0o600)
            try SystemCall.clone(FileDescriptor(rawValue: file.rawValue), to: copy.descriptor)
            return true
        } catch {
            return false
        }
    }

    func hold(_ file: StorageHandle, as number: UInt64) -> Bool {
        let name = UndoPlace.held(number)
        let descriptor = FileDescriptor(rawValue: file.rawValue)
        do throws(Errno) {
            do throws(Errno) {
                try SystemCall.link(descriptor, to: name, at: folder.descriptor)
            } catch {
                // A service that was killed before it said so.
                guard error == .fileExists else { throw error }
                try SystemCall.unlink(name, at: folder.descriptor)
                try SystemCall.link(descriptor, to: name, at: folder.descriptor)
            }
            return true
        } catch {
            return false
        }
    }

    func release(_ number: UInt64) {
        try? SystemCall.unlink(UndoPlace.held(number), at: folder.descriptor)
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
                UndoPlace.copy(number), at: folder.descriptor, [.writeOnly, .create, .noFollow],
                mode: 0o600))
        files.withLock { files in
            if files.count >= Self.mostFiles { files.removeAll(keepingCapacity: true) }
            files[number] = made
        }
        return made
    }
}

/// Where a session is: a folder of this user alone, in a store of such folders.
struct UndoPlace: Sendable, Hashable {
    let store: FilePath
    let name: String

    var path: FilePath { store.appending(name) }
    /// Where the sessions of guards within this one are.
    var inner: FilePath { path.appending("inner") }

    static func copy(_ number: UInt64) -> FilePath { FilePath("data/\(number)") }
    static func held(_ number: UInt64) -> FilePath { FilePath("held/\(number)") }

    /// Throws a ``CommandError`` for a name that is none.
    init(store: FilePath, name: String) throws {
        guard !name.isEmpty, !name.hasPrefix("."), !name.contains("/"), name.utf8.count < 200 else {
            throw CommandError(
                .usage, "\(name) is no name of a session: it has no slash and no dot first.")
        }
        self.store = store
        self.name = name
    }

    /// A new one, by the time.
    init(newIn store: FilePath) {
        self.store = store
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.dateFormat = "yyyyMMdd-HHmmss"
        name = "\(format.string(from: Date()))-\(getpid())"
    }

    /// The user's own store; nil where the user has no place for it.
    static var ownStore: FilePath? {
        if geteuid() == 0, ProcessInfo.processInfo.environment["XDG_STATE_HOME"] == nil {
            return "/var/lib/bypassio/undo"
        }
        let environment = ProcessInfo.processInfo.environment
        let state =
            environment["XDG_STATE_HOME"] ?? environment["HOME"].map { "\($0)/.local/state" }
        guard let state, state.hasPrefix("/") else { return nil }
        return FilePath(state).appending("bypassio").appending("undo")
    }

    func make() throws(Errno) {
        try Self.makeFolders(store)
        for folder in [path, path.appending("data"), path.appending("held"), inner] {
            do throws(Errno) {
                try SystemCall.makeDirectory(folder, mode: 0o700)
            } catch {
                guard error == .fileExists else { throw error }
            }
        }
    }

    /// Those that are missing, for this user alone.
    static func makeFolders(_ path: FilePath) throws(Errno) {
        var missing: [FilePath] = []
        var next = path
        while (try? SystemCall.status(of: next, followingLinks: true)) == nil {
            missing.append(next)
            let above = next.removingLastComponent()
            guard above != next, !above.isEmpty else { break }
            next = above
        }
        for folder in missing.reversed() {
            do throws(Errno) {
                try SystemCall.makeDirectory(folder, mode: 0o700)
            } catch {
                guard error == .fileExists else { throw error }
            }
        }
    }

    func remove() { try? FileManager.default.removeItem(atPath: path.string) }
}

/// Whole files.
enum UndoFiles {
    /// Throws `EFBIG` for more than memory should hold.
    static func contents(of file: FileDescriptor) throws(Errno) -> [UInt8] {
        let size = try SystemCall.status(of: file).size
        guard size <= 4 << 30 else { throw .fileTooLarge }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Int(size))
        var piece = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = try SystemCall.read(file, into: &piece, at: Int64(bytes.count))
            if count == 0 { return bytes }
            bytes += piece.prefix(count)
        }
    }
}
