import IOStack
import Synchronization

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
