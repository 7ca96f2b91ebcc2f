internal import CKernelABI
internal import Glibc
public import IOStack
internal import LinuxKit
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
