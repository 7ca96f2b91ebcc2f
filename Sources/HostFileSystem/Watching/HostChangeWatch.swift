internal import CKernelABI
internal import Glibc
public import IOStack
package import LinuxKit
internal import Synchronization
internal import SystemPackage

/// fanotify(7) of the whole file system that a directory lies on, without this process' own
/// changes.
///
/// Needs CAP_SYS_ADMIN, and a file system whose handles hold inode numbers: ext4 and xfs.
final class HostChangeWatch: OutsideChangeWatch {
    /// In milliseconds: how long events are collected after the first. Otherwise a program that
    /// writes much through the stack itself would wake up the watch with each write.
    private static let collecting: Int32 = 10
    /// Bytes of one read.
    private static let bufferSize = 64 << 10
    /// The most reads before the changes are reported, however many there are.
    private static let mostReads = 16
    private static let names = UInt64(
        BPIO_WATCH_CREATE | BPIO_WATCH_DELETE | BPIO_WATCH_MOVED_FROM | BPIO_WATCH_MOVED_TO)
    private static let contents = UInt64(BPIO_WATCH_MODIFY | BPIO_WATCH_CLOSE_WRITE)
    private static let everything =
        names | contents | UInt64(BPIO_WATCH_ATTRIB | BPIO_WATCH_ON_DIRECTORY)

    private let watch: OwnedDescriptor
    private let ending: EventCounter
    /// Set before the counter is raised. Release and acquire.
    private let isStopped = Atomic<Bool>(false)
    private let device: UInt64
    private let ownProcess = getpid()

    /// - Parameters:
    ///   - path: the directory's path, as this process can open it.
    ///   - id: the identity that the directory must have.
    /// - Throws: the kernel's error, or `EOPNOTSUPP` if handles hold no inode number.
    init(_ path: FilePath, id: FileID) throws(Errno) {
        let directory = try SystemCall.open(path, [.directory])
        let handle = try SystemCall.handle(of: directory.descriptor)
        guard handle.inode == id.inode else { throw .notSupportedOnSocket }
        watch = try SystemCall.openWatch()
        ending = try EventCounter()
        device = id.device
        try SystemCall.watch(
            fileSystemOf: directory.descriptor, for: Self.everything, by: watch.descriptor)
    }

    func covers(_ id: FileID) -> Bool {
        id.device == device && !isStopped.load(ordering: .acquiring)
    }

    func stop() {
        isStopped.store(true, ordering: .releasing)
        ending.raise()
    }

    func next(within limit: Duration?) -> OutsideChanges {
        let changes = collected(within: limit)
        // Whatever ended it, no change is reported from now on.
        if changes == .ended { isStopped.store(true, ordering: .releasing) }
        return changes
    }

    private func collected(within limit: Duration?) -> OutsideChanges {
        let clock = ContinuousClock()
        let end = limit.map { clock.now + $0 }
        while true {
            var rest: Int32 = -1
            if let end {
                let left = end - clock.now
                guard left > .zero else { return .changes([]) }
                rest = Int32(clamping: left.components.seconds * 1000 + 1 + left.milliseconds)
            }
            guard !isStopped.load(ordering: .acquiring),
                let ready = try? SystemCall.wait(
                    watch.descriptor, or: ending.descriptor, milliseconds: rest),
                !ready.second
            else { return .ended }
            guard ready.first else { continue }
            usleep(UInt32(Self.collecting) * 1000)
            guard let changes = collect() else { return .ended }
            if changes != .changes([]) { return changes }
        }
    }

    /// The changes that are there now; nil if the watch cannot be read.
    private func collect() -> OutsideChanges? {
        var buffer = [UInt8](repeating: 0, count: Self.bufferSize)
        var changes: [OutsideChange] = []
        var known: Set<OutsideChange> = []
        var hasOverflowed = false
        for _ in 0..<Self.mostReads {
            guard let length = try? SystemCall.events(of: watch.descriptor, into: &buffer) else {
                return nil
            }
            if length == 0 { break }
            var records = ChangeRecords(buffer, length: length)
            while let record = records.next() {
                if record.mask & UInt64(BPIO_WATCH_OVERFLOW) != 0 { hasOverflowed = true }
                guard record.process != ownProcess, let change = change(record),
                    known.insert(change).inserted
                else { continue }
                changes.append(change)
            }
        }
        return hasOverflowed ? .anything : .changes(changes)
    }

    private func change(_ record: ChangeRecord) -> OutsideChange? {
        var effects: OutsideChange.Effects = []
        if record.mask & Self.names != 0 { effects.formUnion([.name, .attributes]) }
        if record.mask & Self.contents != 0 { effects.insert(.content) }
        if record.mask & UInt64(BPIO_WATCH_ATTRIB) != 0 { effects.insert(.attributes) }
        guard !effects.isEmpty else { return nil }
        return OutsideChange(
            directory: record.directory.flatMap(identity), name: record.name,
            file: record.file.flatMap(identity), effects: effects)
    }

    private func identity(_ handle: KernelFileHandle) -> FileID? {
        handle.inode.map { FileID(device: device, inode: $0) }
    }
}

extension Duration {
    /// Of the part below a second.
    fileprivate var milliseconds: Int64 { components.attoseconds / 1_000_000_000_000_000 }
}

extension HostFileSystem {
    /// With CAP_SYS_ADMIN, on ext4 and xfs.
    public func watchOutsideChanges() -> (any OutsideChangeWatch)? {
        // The root's descriptor only names it; a watch needs it opened again for itself.
        let root = FilePath("/proc/self/fd/\(root.rawValue)")
        return try? HostChangeWatch(root, id: rootID)
    }
}

/// An event of a watch (struct fanotify_event_metadata and the records behind it).
package struct ChangeRecord: Sendable, Hashable {
    /// `FAN_*`.
    package var mask: UInt64
    /// The acting process, or 0.
    package var process: Int32
    package var directory: KernelFileHandle?
    /// The name in the directory; empty if not reported.
    package var name: [UInt8] = []
    package var file: KernelFileHandle?
}

/// Walks the events in a buffer that read(2) of a watch filled. Every length is checked; a record
/// that does not fit ends the walk.
package struct ChangeRecords: Sendable {
    /// event_len 4, vers 1, reserved 1, metadata_len 2, mask 8, fd 4, pid 4.
    private static let metadataSize = 24
    /// info_type 1, pad 1, len 2, fsid 8, handle_bytes 4, handle_type 4.
    private static let informationSize = 20

    private let bytes: [UInt8]
    private let end: Int
    private var position = 0

    /// - Parameter length: how many bytes the kernel filled.
    package init(_ bytes: [UInt8], length: Int) {
        self.bytes = bytes
        end = min(max(length, 0), bytes.count)
    }

    /// The next event; nil at the end.
    package mutating func next() -> ChangeRecord? {
        guard end - position >= Self.metadataSize else { return nil }
        let start = position
        let length = Int(number(at: start, bytes: 4))
        let header = Int(number(at: start + 6, bytes: 2))
        guard length >= Self.metadataSize, length <= end - start, header >= Self.metadataSize,
            header <= length
        else {
            position = end
            return nil
        }
        position = start + length
        var record = ChangeRecord(
            mask: number(at: start + 8, bytes: 8),
            process: Int32(truncatingIfNeeded: number(at: start + 20, bytes: 4)))
        readInformation(start + header..<start + length, into: &record)
        return record
    }

    private func readInformation(_ range: Range<Int>, into record: inout ChangeRecord) {
        var place = range.lowerBound
        while range.upperBound - place >= Self.informationSize {
            let type = Int32(number(at: place, bytes: 1))
            let length = Int(number(at: place + 2, bytes: 2))
            let handleLength = Int(number(at: place + 12, bytes: 4))
            let handleStart = place + Self.informationSize
            guard length >= Self.informationSize, length <= range.upperBound - place,
                handleLength <= length - Self.informationSize
            else { return }
            let handle = KernelFileHandle(
                type: Int32(truncatingIfNeeded: number(at: place + 16, bytes: 4)),
                bytes: Array(bytes[handleStart..<handleStart + handleLength]))
            switch type {
            case BPIO_WATCH_INFO_FILE: record.file = handle
            case BPIO_WATCH_INFO_DIRECTORY: record.directory = handle
            case BPIO_WATCH_INFO_NAME:
                record.directory = handle
                let name = bytes[handleStart + handleLength..<place + length]
                record.name = Array(name.prefix { $0 != 0 })
            default: break
            }
            place += length
        }
    }

    private func number(at offset: Int, bytes count: Int) -> UInt64 {
        bytes[offset..<offset + count].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}
