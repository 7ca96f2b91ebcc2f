internal import FUSE
internal import IOStack
internal import Synchronization

/// Tracks the kernel's use of its page cache for open files, as far as a service can see it (spec
/// 4.6).
extension VolumeFileSystem {
    /// A file opened without O_DIRECT is in cached use from here on: the kernel may read ahead,
    /// serve reads and mappings, and keep written pages of a mapping, all without a request. It
    /// keeps the handle until the last mapping made through it is gone.
    func noteOpen(of file: FileObject) {
        if !file.isNonCached { file.beginCachedUse() }
        unwatched.current?.opened()
    }

    /// The kernel has pages of the file from now on, and its cache may keep them after this handle
    /// closes.
    func noteCachedPages(of node: Node, _ request: ReadRequest) {
        guard request.isForCache, !node.wasReadIntoCache.load(ordering: .relaxed) else { return }
        node.wasReadIntoCache.store(true, ordering: .relaxed)
    }

    /// A request of the mount changed the file's content and times.
    func noteOwnChange(of node: Node) {
        node.ownChanges.add(1, ordering: .releasing)
    }

    /// A mapping reads its pages through the handle that made it, with or without O_DIRECT.
    ///
    /// A mapping whose every page another handle brought into the cache sends no request; its
    /// stores appear when the kernel writes them back. Reads through the mount do not miss them:
    /// the kernel writes back a file's pages before it reads the file directly. Searches for data
    /// do: see ``seek(_:_:)``.
    ///
    /// Where the kernel reads the file itself, such a request is a readahead(2), not a mapping.
    func noteMapping(of handle: OpenHandle, _ request: ReadRequest) {
        let file = handle.file
        if handle.decision?.opener != nil { return }
        if request.isForCache, file.isNonCached { file.beginCachedUse(isMapped: true) }
    }
}
