internal import FUSE
internal import IOStack
internal import LinuxKit
internal import Synchronization

/// A file that the kernel knows: a FUSE inode.
///
/// It keeps the name by which it was last found, not an open file: a million known files cost no
/// descriptor. Every use of the name compares the file it leads to with ``id``.
///
/// Lock order: the mutable members belong to the ``NodeTable`` and change under its lock only.
final class Node: @unchecked Sendable {
    /// The kernel's number for it: the host's inode number where that is unique, see ``NodeTable``.
    let number: NodeID
    let id: FileID
    /// Distinguishes the file from a later one with the same inode number.
    let birthTime: FileTime?
    let isDirectory: Bool

    /// Where the node is written down for a successor; nil: nowhere.
    var record: NodeRecord?

    /// nil for the root and for a file that has lost its known name.
    var parent: Node?
    var name: [UInt8]
    /// How many lookups the kernel has made and not forgotten.
    var lookups: UInt64 = 0
    /// Open for names and attributes: a recently used directory, or a file without a name.
    var held: HeldFile?
    /// An open handle's file, which saves opening the file by its name. It may be closed by now.
    var openFile: FileObject?
    /// Open handles that may write past the kernel's cache. Linux lets a read beside such a write
    /// fill the cache with the old content, and does not drop it when an asynchronous write ends.
    var directWriters = 0
    /// There were such handles since the kernel last dropped the file's cached data.
    var isCacheInDoubt = false
    /// The directory's place in the cache of open directories.
    var cacheSlot: Int?
    /// When the kernel was last told to ask for the directory's entries anew, in seconds of
    /// KernelTrust's clock.
    var listedAt: Int64 = .min
    /// It was found by its number and has no name yet, so it is opened by its number again.
    var isNumbered = false
    /// Used since the clock's hand last passed.
    var isUsed = false
    /// The thread that last opened it for writing: the kernel sends an O_TRUNC's truncation next.
    var lastWriter: Int32 = 0
    /// The thread that last removed the file's capability.
    var capabilityRemover: Int32 = 0

    /// Handles through which a program may map the kernel's pages for writing. Each counts from
    /// before the answer to its OPEN until its RELEASE, which the kernel sends when the handle's
    /// last mapping is gone and its stores have been written back. So the kernel has pages newer
    /// than the file only while this is not 0. Sequentially consistent.
    let writableMappers = Atomic<Int>(0)
    /// The kernel has pages of it, or had: a store to a page first reads the page. Relaxed: a
    /// program that maps gets its pages after it is set.
    let wasReadIntoCache = Atomic<Bool>(false)

    /// How often the mount's own requests changed its content. Released after the change.
    let ownChanges = Atomic<UInt64>(0)

    var mayBeMappedForWriting: Bool {
        writableMappers.load(ordering: .sequentiallyConsistent) > 0
    }

    init(
        number: NodeID, id: FileID, birthTime: FileTime?, isDirectory: Bool, parent: Node?,
        name: [UInt8]
    ) {
        self.number = number
        self.id = id
        self.birthTime = birthTime
        self.isDirectory = isDirectory
        self.parent = parent
        self.name = name
    }

    /// Releases the parents one by one: a client makes chains of any length, and the recursive
    /// release of a parent by its child would overflow the stack.
    deinit {
        // Before the node above, to which the record leads.
        record = nil
        var next = parent.take()
        // A unique reference, so no other thread can access its members.
        while isKnownUniquelyReferenced(&next) {
            let above = next?.parent.take()
            next = above
        }
    }

    /// Whether it is the node of this file, and not of an earlier one with the same inode number.
    func isOf(_ id: FileID, born birthTime: FileTime?) -> Bool {
        self.id == id && self.birthTime == birthTime
    }

    func isNamed(_ name: [UInt8], in parent: Node) -> Bool {
        self.parent === parent && self.name == name
    }
}

/// A file object of the mount's own; the last reference closes it.
final class HeldFile: Sendable {
    let file: FileObject

    init(_ file: FileObject) {
        self.file = file
    }

    deinit { file.close() }
}
