import Glibc
import IOStack
import LinuxKit
public import SystemPackage

/// Verdicts in a file of records (``VerdictRecord``), which one process writes at a time.
///
/// A record is appended in one write; a crash leaves whole records and at most a torn one, which
/// is no record. When the file has twice the records that are kept it is written anew, beside, and
/// takes the name. Verdicts that cannot be written are lost, and nothing else.
///
/// One thread at a time, but for ``words``. Lock order: `shown` is a leaf.
public final class VerdictStore: VerdictKeeping, @unchecked Sendable {
    /// Why a store cannot be used, in a sentence without an end.
    public struct Refusal: Error, Sendable {
        public let words: String
    }

    /// The file, with its lock, which goes with it.
    private final class Held: Sendable {
        private let owned: OwnedDescriptor
        init(_ owned: consuming OwnedDescriptor) { self.owned = owned }
        var descriptor: FileDescriptor { owned.descriptor }
    }

    /// Records that are read or written at a time.
    private static let piece = 4096

    private let path: FilePath
    private let capacity: Int
    private let complain: @Sendable (String) -> Void
    /// nil while another process has the lock.
    private var file: Held?
    /// Records in the file.
    private var records = 0
    private var hasComplained = false
    private let shown: Guarded<String>

    /// Opens the file, or makes it.
    ///
    /// - Parameters:
    ///   - capacity: how many verdicts it keeps, about.
    ///   - complain: gets a sentence when it cannot be written, once.
    public init(
        _ path: FilePath, capacity: Int, complain: @escaping @Sendable (String) -> Void
    ) throws(Refusal) {
        self.path = path
        self.capacity = capacity
        self.complain = complain
        shown = Guarded(path.string)
        _ = try Self.open(path)
    }

    /// A number for a text, the same at all times.
    public static func sum(of text: String) -> UInt64 { VerdictRecord.sum(text.utf8) }

    public var words: String { shown.withLock { $0 } }

    /// Whoever may write the file could say of any file that it is clean.
    private static func open(_ path: FilePath) throws(Refusal) -> Held {
        let file: Held
        let status: FileStatus
        do throws(Errno) {
            file = Held(
                try SystemCall.open(
                    path, [.readWrite, .create, .noFollow, .nonBlocking], mode: 0o600))
            status = try SystemCall.status(of: file.descriptor)
        } catch {
            throw Refusal(words: "\(path) cannot be opened (\(error))")
        }
        guard status.isRegularFile else { throw Refusal(words: "\(path) is no regular file") }
        guard status.user == geteuid(), status.mode & 0o022 == 0 else {
            throw Refusal(words: "\(path) is another user's, or others may write it")
        }
        return file
    }

    // MARK: Reading

    public func load(signatures: String) -> [StoredVerdict] {
        take()
        let number = VerdictRecord.number(of: signatures)
        // Without the lock, another process' are read; it may write meanwhile.
        let found = read { $0.signatures == number }
        return Self.newest(found.map(\.verdict), capacity)
    }

    /// Gets the lock, where it is free, and cuts what is torn.
    private func take() {
        guard file == nil, let opened = try? Self.open(path) else { return }
        do throws(Errno) {
            try SystemCall.lockWhole(opened.descriptor, .exclusive, waiting: false)
            // Whoever had the lock may have put another file in its place.
            let named = try SystemCall.status(of: path, followingLinks: false)
            let status = try SystemCall.status(of: opened.descriptor)
            guard named.inode == status.inode, named.device == status.device else { return }
            let length = UInt64(VerdictRecord.length)
            if status.size % length != 0 {
                try SystemCall.truncate(
                    opened.descriptor, to: Int64(status.size - status.size % length))
            }
            records = Int(clamping: status.size / length)
            file = opened
            shown.withLock { $0 = path.string }
        } catch {
            shown.withLock { $0 = "\(path) (another process has it)" }
        }
    }

    private func read(where isWanted: (VerdictRecord) -> Bool) -> [VerdictRecord] {
        guard let opened = try? Self.open(path) else { return [] }
        var found: [VerdictRecord] = []
        var bytes = [UInt8](repeating: 0, count: VerdictRecord.length * Self.piece)
        var offset: Int64 = 0
        // A file that somebody else made has no more than we would have written.
        let end = Int64(VerdictRecord.length) * Int64(2 * capacity + Self.piece)
        while offset < end,
            let count = try? SystemCall.read(opened.descriptor, into: &bytes, at: offset),
            count >= VerdictRecord.length
        {
            let whole = count / VerdictRecord.length
            for index in 0..<whole {
                let start = index * VerdictRecord.length
                guard let one = VerdictRecord(bytes[start..<(start + VerdictRecord.length)]),
                    isWanted(one)
                else { continue }
                found.append(one)
            }
            offset += Int64(whole * VerdictRecord.length)
        }
        return found
    }

    /// The last of each file, in their order, and of those the last.
    private static func newest(_ all: [StoredVerdict], _ capacity: Int) -> [StoredVerdict] {
        var seen: Set<FileID> = []
        var kept: [StoredVerdict] = []
        for one in all.reversed() where kept.count < capacity {
            if seen.insert(one.file).inserted { kept.append(one) }
        }
        return kept.reversed()
    }

    // MARK: Writing

    public func add(_ verdicts: [StoredVerdict], signatures: String) {
        take()
        guard file != nil, !verdicts.isEmpty else { return }
        let number = VerdictRecord.number(of: signatures)
        if records + verdicts.count > 2 * capacity {
            let kept = read { $0.signatures == number }.map(\.verdict)
            return replace(by: Self.newest(kept + verdicts, capacity), number)
        }
        do throws(Errno) {
            try append(verdicts, number)
            hasComplained = false
        } catch {
            fail(error)
        }
    }

    private func append(_ verdicts: [StoredVerdict], _ number: UInt64) throws(Errno) {
        guard let file = file?.descriptor else { return }
        let length = VerdictRecord.length
        for start in stride(from: 0, to: verdicts.count, by: Self.piece) {
            let some = verdicts[start..<min(start + Self.piece, verdicts.count)]
            let bytes = some.flatMap { VerdictRecord($0, signatures: number).bytes }
            do throws(Errno) {
                try SystemCall.writeAll(bytes, to: file, at: Int64(records * length))
            } catch {
                try? SystemCall.truncate(file, to: Int64(records * length))
                throw error
            }
            records += some.count
        }
    }

    /// Writes the file anew, beside, with its lock, before it gets the name.
    private func replace(by verdicts: [StoredVerdict], _ number: UInt64) {
        let beside = FilePath(path.string + ".new")
        do throws(Errno) {
            try? SystemCall.unlink(beside)
            let new = try SystemCall.open(
                beside, [.readWrite, .create, .exclusive, .noFollow], mode: 0o600)
            try SystemCall.lockWhole(new.descriptor, .exclusive, waiting: false)
            let old = (records, file)
            (records, file) = (0, Held(new))
            do throws(Errno) {
                try append(verdicts, number)
                if let file = file?.descriptor { try SystemCall.syncData(file) }
                try SystemCall.rename(beside, to: path)
            } catch {
                (records, file) = old
                try? SystemCall.unlink(beside)
                throw error
            }
            hasComplained = false
        } catch {
            fail(error)
        }
    }

    private func fail(_ error: Errno) {
        if !hasComplained {
            complain("The verdicts in \(path) cannot be written (\(error)): these are forgotten")
        }
        hasComplained = true
    }

    public func forgetAll() {
        take()
        guard let file = file?.descriptor else { return }
        try? SystemCall.truncate(file, to: 0)
        records = 0
    }

    public func end() {
        if let file = file?.descriptor { try? SystemCall.syncData(file) }
        file = nil
    }
}
