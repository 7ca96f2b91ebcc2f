internal import IOStack

/// What the opens of a node leave behind for later ones, under the table's lock.
extension NodeTable {
    /// - Parameter writer: the thread that opened it for writing, or 0.
    func opened(_ file: FileObject, of node: Node, forWritingBy writer: Int32 = 0) {
        state.withLock { _ in
            if node.openFile == nil { node.openFile = file }
            if writer != 0 { node.lastWriter = writer }
        }
    }

    /// A handle that may write past the kernel's cache comes (1) or goes (-1).
    func countDirectWriter(_ change: Int, of node: Node) {
        state.withLock { _ in
            node.directWriters += change
            node.isCacheInDoubt = true
        }
    }

    /// Whether what the kernel has cached of a file is good for another open through its cache; if
    /// not, the kernel is to drop it.
    func keepsCache(of node: Node) -> Bool {
        state.withLock { _ in
            let isGood = !node.isCacheInDoubt
            // What comes into the cache while somebody writes is in doubt again.
            node.isCacheInDoubt = node.directWriters > 0
            return isGood
        }
    }

    /// Whether a truncation without a handle is that of `thread`'s O_TRUNC: the kernel sends it
    /// right after OPEN. Otherwise it is truncate(2)'s.
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

    /// Whether `thread` took the file's capability away and nothing came of it yet.
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
