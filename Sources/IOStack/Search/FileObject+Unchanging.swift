#if INTERLEAVING
    import Synchronization

    extension FileObject {
        /// Looks at each lock and word whose holders change nothing that other threads look at.
        /// This holds as long as no thread sets a context or reads through the kernel; with
        /// `staysOpen`, no thread closes this file object; with `nobodyAttaches`, none attaches or
        /// detaches. A search that ensures this may leave their steps out: in every order they do
        /// the same.
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
