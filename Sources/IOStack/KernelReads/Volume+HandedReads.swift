import BypassIOProtocol

/// Kernel reads, and the bypass behind them, that pass from one process to the next.
extension FileObject {
    /// For another process, once the file system has stopped; nil if the kernel does not read for
    /// this file object, or nobody else can go on with it.
    public var handedDoor: HandedDoor? {
        hasKernelReads ? stream.kernelReads.current?.door.handed : nil
    }

    /// Makes a door anew. Nothing uses it before ``Volume/joinKernelReads(_:of:)``.
    ///
    /// - Parameter handed: of the same file in another process.
    public func kernelReadDoor(
        _ handed: HandedDoor
    ) throws(IOFailure) -> any KernelReadDoor {
        try volume.fileSystem.kernelReadDoor(handed, for: self) { [weak volume, weak stream] read in
            guard let volume, let stream else { return nil }
            return volume.answer(read, of: stream)
        }
    }

    /// Enables bypass that another process had enabled, without a question to a filter, and pauses
    /// the stream: the next STREAM_RESUME asks. Returns whether the volume and the file system
    /// agree. Call before anything is served.
    ///
    /// - Parameter isPaused: by a program, which resumes it. Otherwise the pause counts as one that
    ///   a layer refused to end: a filter that gives bypass back, or goes, ends it.
    public func adoptBypass(isPaused: Bool) -> Bool {
        guard volume.adoptBypass(of: self) else { return false }
        try? volume.pause(stream)
        if !isPaused { stream.bypass.control.change { $0.isResumeRefused = true } }
        return true
    }

    /// STREAM_PAUSE of a program is in force, and no filter is to end it.
    public var awaitsProgramsResume: Bool {
        stream.bypass.control.look { $0.isPaused && $0.pausers.isEmpty && !$0.isResumeRefused }
    }

    /// The stream is paused, and waits for a STREAM_RESUME that no program sends.
    public var awaitsResume: Bool {
        stream.bypass.control.look { $0.isPaused && $0.isResumeRefused }
    }
}

extension Volume {
    /// Lets the kernel's reads of one file go through a door that another process made. The gate
    /// stays as it is until ``settleAdoptedKernelReads()``.
    ///
    /// - Parameters:
    ///   - door: of ``FileObject/kernelReadDoor(_:)``.
    ///   - files: for whose programs the kernel reads; of one stream, at least one.
    public func joinKernelReads(_ door: any KernelReadDoor, of files: [FileObject]) {
        guard let first = files.first else { return }
        first.stream.kernelReads.withLock { known in
            let reads = KernelReads(adopted: door, moved: tellingGate(of: first.named))
            for file in files { reads.add(file) }
            known = reads
            kernelReadStreams.withLock { $0[ObjectIdentifier(first.stream)] = first.stream }
        }
    }

    /// Closes and opens the gates of the doors that came from another process as their causes
    /// demand now.
    public func settleAdoptedKernelReads() throws(IOFailure) {
        try settleKernelReads(until: DrainBound.withoutWaiting)
    }
}
