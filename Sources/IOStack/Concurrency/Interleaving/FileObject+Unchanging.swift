#if INTERLEAVING
    import Synchronization

    extension FileObject {
        /// Looks at each lock and word whose holders change nothing that others look at, as long as nobody
        /// attaches, opens, or reads through the kernel, and nobody closes this file object. A search that
        /// sees to that may leave their steps out: in every order they do the same.
        public func lookAtWhatStandsStill() {
            _ = volume.instances
            _ = volume.kernelReadStreams.withLock(\.count)
            _ = stream.kernelReads.current == nil
            _ = ReadQueueRegistry.process.advanceOwnReads()
            let enables = volume.currentChain.enables
            if enables.enter() { enables.leave() }
            _ = references.load(ordering: .acquiring)
        }
    }
#endif
