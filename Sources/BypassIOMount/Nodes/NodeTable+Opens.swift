internal import IOStack

/// State of a node that its opens leave for later ones, under the table's lock.
extension NodeTable {
    /// - Parameter writer: the thread that opened it for writing, or 0.
    func opened(_ file: FileObject, of node: Node, forWritingBy writer: Int32 = 0) {
        state.withLock { _ in
            if node.openFile == nil { node.openFile = file }
            if writer != 0 { node.lastWriter = writer }
        }
    }

    /// Counts a new handle that may write past the kernel's cache (1), or its end (-1).
    func countDirectWriter(_ change: Int, of node: Node) {
        state.withLock { _ in
            node.directWriters += change
            node.isCacheInDoubt = true
        }
    }

    /// Whether the kernel may keep its cached data of a file for another open through the cache;
    /// otherwise it must drop the data.
    func keepsCache(of node: Node) -> Bool {
        state.withLock { _ in
            let isGood = !node.isCacheInDoubt
            // Data cached beside a direct writer is in doubt again.
            node.isCacheInDoubt = node.directWriters > 0
            return isGood
        }
    }

    /// Whether a truncation without a handle belongs to `thread`'s O_TRUNC, for which the kernel
    /// sends it right after OPEN. Otherwise it is a truncate(2).
    func takeTruncatingOpen(of node: Node, by thread: Int32) -> Bool {
        state.withLock { _ in
            guard node.lastWriter == thread else { return false }
            node.lastWriter = 0
            return true
        }
    }

    func capabilityRemoved(from node: Node, by thread: Int32) {
        state.withLock { _ in node.capabilityRemover = thread }
    }

    /// Whether `thread` removed the file's capability and no request has used that fact yet.
    func takeCapabilityRemoval(from node: Node, by thread: Int32) -> Bool {
        state.withLock { _ in
            guard node.capabilityRemover == thread else { return false }
            node.capabilityRemover = 0
            return true
        }
    }

    func closed(_ file: FileObject, of node: Node) {
        let released = state.withLock { _ in
            node.openFile === file ? node.openFile.take() : nil
        }
        withExtendedLifetime(released) {}
    }
}
