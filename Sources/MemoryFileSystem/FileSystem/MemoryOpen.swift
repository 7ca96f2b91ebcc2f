import IOStack
import Synchronization

/// What the file system keeps for one open (`FsContext2`). Lets go of it once: at the close, or
/// when it goes away without one.
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
