internal import IOStack
internal import Synchronization

/// A file that the kernel knows: a FUSE inode.
///
/// It keeps the name it was found by last, not an open file: a million known files cost no
/// descriptor. What the name leads to is compared with ``id`` wherever it is used.
///
/// Lock order: the mutable members belong to the ``NodeTable`` and are touched under its lock only.
final class Node: @unchecked Sendable {
    /// What the kernel calls it: the host's inode number where that is nobody else's, see
    /// ``NodeTable``.
    let number: UInt64
    let id: FileID
    /// Tells the file from a later one with the same inode number.
    let birthTime: FileTime?
    let isDirectory: Bool

    /// nil for the root and for a file that lost the name it was known by.
    var parent: Node?
    var name: [UInt8]
    /// How often the kernel was told of it and has not forgotten it.
    var lookups: UInt64 = 0
    /// Open for names and attributes: a directory that was used lately, or a file without a name.
    var held: HeldFile?
    /// One of the open handles, which saves opening the file by its name. It may be closed by now.
    var openFile: FileObject?
    /// Open handles that may write past the kernel's cache. Linux lets a read beside such a write
    /// fill the cache with what was there before, and does not drop it when an asynchronous write
    /// ends.
    var directWriters = 0
    /// There were some since the kernel last dropped what it has of the file.
    var isCacheInDoubt = false
    /// Where the directory stands in the cache of open ones.
    var cacheSlot: Int?
    /// When the kernel was last told to ask for the directory's entries anew, in seconds of the
    /// trust's clock.
    var listedAt: Int64 = .min
    /// It was found by its number, and has no name yet: so it is found again.
    var isNumbered = false
    /// Used since the cache's hand came by.
    var isUsed = false
    /// The thread that opened it for writing last: the kernel sends a truncation by O_TRUNC next.
    var lastWriter: Int32 = 0
    /// The thread that took the file's capability away last.
    var capabilityRemover: Int32 = 0

    /// Handles through which a program may map the kernel's pages for writing. Each counts from
    /// before its OPEN is answered until its RELEASE, which the kernel sends when the last mapping
    /// made through it is gone and what was stored there has been written back. So there are pages
    /// that are newer than the file only while it is not 0. Sequentially consistent.
    let writableMappers = Atomic<Int>(0)
    /// The kernel has pages of it, or had: nothing is stored to a page that was never read.
    /// Relaxed: who maps hears of its pages after it is set.
    let wasReadIntoCache = Atomic<Bool>(false)

    /// How often the mount's own requests changed what it holds. Released after the change.
    let ownChanges = Atomic<UInt64>(0)

    var mayBeMappedForWriting: Bool {
        writableMappers.load(ordering: .sequentiallyConsistent) > 0
    }

    init(
        number: UInt64, id: FileID, birthTime: FileTime?, isDirectory: Bool, parent: Node?,
        name: [UInt8]
    ) {
        self.number = number
        self.id = id
        self.birthTime = birthTime
        self.isDirectory = isDirectory
        self.parent = parent
        self.name = name
    }

    /// Lets go of the parents one by one: a client makes chains of them as long as it likes, and a
    /// parent that goes away within its child's end would take the stack along.
    deinit {
        var next = parent.take()
        // Nobody else has the last reference, so nobody else can be at its members.
        while isKnownUniquelyReferenced(&next) {
            let above = next?.parent.take()
            next = above
        }
    }

    static let rootNumber: UInt64 = 1

    /// Whether it is the node of this file, and not of an earlier one with the same inode number.
    func isOf(_ id: FileID, born birthTime: FileTime?) -> Bool {
        self.id == id && self.birthTime == birthTime
    }

    func isNamed(_ name: [UInt8], in parent: Node) -> Bool {
        self.parent === parent && self.name == name
    }
}
