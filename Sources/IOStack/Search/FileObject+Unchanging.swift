#if INTERLEAVING
    import Synchronization

    extension FileObject {
        /// Looks at each lock and word whose holders change nothing that others look at, as long as
        /// nobody sets a context or reads through the kernel, with `staysOpen` nobody closes this
        /// file object, and with `nobodyAttaches` nobody attaches or detaches. A search that sees
        /// to that may leave their steps out: in every order they do the same.
        public func lookAtWhatStandsStill(staysOpen: Bool, nobodyAttaches: Bool) {
            _ = volume.kernelReadStreams.withLock(\.count)
            _ = OwnReadsRegistry.process.advanceOwnReads()
            _ = stream.kernelReads.current == nil
            stream.contexts.removeAll { _ in false }
            _ = hiddenAbove.current == nil
            if staysOpen { _ = references.load(ordering: .acquiring) }
            guard nobodyAttaches else { return }
            _ = volume.instances
        }
    }
#endif
