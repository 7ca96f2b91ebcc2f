internal import FUSE
internal import IOStack
internal import Synchronization

/// What the kernel's page cache does with open files, as far as a service can see it (spec 4.6).
extension VolumeFileSystem {
    /// A file opened without O_DIRECT is the cache's from here on: the kernel may read ahead, serve
    /// reads and mappings, and keep written pages of a mapping, all without a request. It keeps the
    /// handle until the last mapping made through it is gone.
    func noteOpen(of file: FileObject) {
        if !file.isNonCached { file.beginCachedUse() }
        unwatched.current?.opened()
    }

    /// The kernel has pages of the file from now on, which its cache may keep beyond this opening.
    func noteCachedPages(of node: Node, _ request: ReadRequest) {
        guard request.isForCache, !node.wasReadIntoCache.load(ordering: .relaxed) else { return }
        node.wasReadIntoCache.store(true, ordering: .relaxed)
    }

    /// What the file holds, and its times, were changed by a request of the mount.
    func noteOwnChange(of node: Node) {
        node.ownChanges.add(1, ordering: .releasing)
    }

    /// The pages of a mapping are read through the handle it was made with, O_DIRECT or not.
    ///
    /// A mapping whose every page another handle had brought into the cache asks for nothing; what
    /// is written to it shows when the kernel writes it back. No read through the mount misses
    /// that: the kernel writes back a file's pages before it reads the file directly. What asks
    /// where data lies does: ``seek(_:_:)``.
    ///
    /// Where the kernel reads the file itself, such a request is readahead(2), and no mapping.
    func noteMapping(of handle: OpenHandle, _ request: ReadRequest) {
        let file = handle.file
        if handle.decision?.opener != nil { return }
        if request.isForCache, file.isNonCached { file.beginCachedUse(isMapped: true) }
    }
}
