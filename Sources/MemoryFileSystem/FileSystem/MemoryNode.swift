import IOStack
import Synchronization
import SystemPackage

/// A file of any kind: an inode.
struct MemoryNode {
    let number: UInt64
    let kind: FileKind
    var permissions: UInt32
    var userID: UInt32
    var groupID: UInt32
    var linkCount: UInt64
    /// File objects that have it open.
    var openCount = 0
    var deviceNumber: UInt64 = 0
    var accessTime: FileTime
    var modificationTime: FileTime
    var changeTime: FileTime
    let birthTime: FileTime
    var attributes: FileAttributes = []
    var extendedAttributes: [[UInt8]: [UInt8]] = [:]
    /// For a regular file.
    var object: Int?
    /// For a symbolic link.
    var target: [UInt8]?
    /// For a directory.
    var directory: MemoryDirectory?
    var locks: [HeldLock] = []

    var streamKind: StreamKind {
        if number == MemoryTree.root { return .volume }
        switch kind {
        case .regularFile: return .file
        case .directory: return .directory
        default: return .other
        }
    }
}

/// Names in a directory, in the order of their creation. A name's cookie lasts as long as the name.
struct MemoryDirectory {
    struct Entry {
        var node: UInt64
        var cookie: UInt64
    }

    var parent: UInt64
    var entries: [[UInt8]: Entry] = [:]
    private var lastCookie: UInt64 = 0

    init(parent: UInt64) {
        self.parent = parent
    }

    mutating func add(_ name: [UInt8], _ node: UInt64) {
        lastCookie += 1
        entries[name] = Entry(node: node, cookie: lastCookie)
    }
}

/// An advisory lock that an open holds.
struct HeldLock {
    /// The open that it belongs to.
    let owner: ObjectIdentifier
    let isWholeFile: Bool
    let isExclusive: Bool
    /// The first byte and the byte after the last; `.max` reaches to the end.
    var first: UInt64
    var end: UInt64

    init(_ lock: FileLock, owner: ObjectIdentifier) {
        self.owner = owner
        isExclusive = lock.kind == .exclusive
        switch lock.family {
        case .wholeFile:
            (isWholeFile, first, end) = (true, 0, .max)
        case .range(let offset, let length):
            isWholeFile = false
            first = offset
            let (sum, overflow) = offset.addingReportingOverflow(length)
            end = length == 0 || overflow ? .max : sum
        }
    }

    func overlaps(_ other: HeldLock) -> Bool {
        isWholeFile == other.isWholeFile && first < other.end && other.first < end
    }

    var asFileLock: FileLock {
        let length = end == .max ? 0 : end - first
        return FileLock(
            isExclusive ? .exclusive : .shared,
            isWholeFile ? .wholeFile : .range(offset: first, length: length), .test)
    }
}

/// The file system's object for one open (`FsContext2`). Releases its resources once: at the close,
/// or when it goes away without a close.
final class MemoryOpen: Sendable {
    let fileSystem: MemoryFileSystem
    let number: UInt64
    let handle: StorageHandle?
    private let isReleased = Atomic(false)

    init(_ fileSystem: MemoryFileSystem, number: UInt64, handle: StorageHandle?) {
        self.fileSystem = fileSystem
        self.number = number
        self.handle = handle
    }

    deinit { release() }

    func release() {
        guard !isReleased.exchange(true, ordering: .acquiringAndReleasing) else { return }
        fileSystem.release(number, handle, owner: ObjectIdentifier(self))
    }
}
