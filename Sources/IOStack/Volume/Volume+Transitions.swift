import BypassIOProtocol

/// The volume's answers to the questions of its bypass.
extension Volume: VolumeSurroundings {
    /// See ``OwnReadsRegistry/advanceOwnReads()``.
    func advanceOwnReads() -> DrainProgress { OwnReadsRegistry.process.advanceOwnReads() }

    func manageStorage(_ operation: StorageBypassIOOperation) -> BypassVeto? {
        stack.manageBypassIO(operation)
    }
}

/// The answers of the volume and one of its streams to the questions of the stream's bypass.
struct StreamHouse: StreamSurroundings {
    private let volume: Volume
    private let stream: Stream

    init(_ volume: Volume, _ stream: Stream) {
        self.volume = volume
        self.stream = stream
    }

    func advanceOwnReads() -> DrainProgress { volume.advanceOwnReads() }

    func manageStorage(_ operation: StorageBypassIOOperation) -> BypassVeto? {
        volume.manageStorage(operation)
    }

    func settleKernelReads(until bound: DrainLimit) throws(IOFailure) -> DrainEnd {
        try volume.settleKernelReads(until: bound)
    }

    func settleKernelReadsOfStream(until bound: DrainLimit) throws(IOFailure) -> DrainEnd {
        try volume.settleKernelReads(of: stream, until: bound)
    }
}

// MARK: Pauses

extension Volume {
    /// STREAM_PAUSE: see ``BypassVolume/pause(_:_:)``.
    func pause(_ stream: Stream) throws(IOFailure) {
        try bypass.pause(stream.bypass, StreamHouse(self, stream))
    }

    /// STREAM_RESUME: see ``BypassVolume/resume(_:asking:_:)``.
    func resumeStream(of file: FileObject) -> BypassIOResults {
        bypass.resume(
            file.stream.bypass, asking: FileAsker(file), StreamHouse(self, file.stream))
    }

    /// A filter is gone, and its veto with it: asks again for every stream whose resume was
    /// refused. A filter that only changes its mind sends the resume itself; here the stack sends
    /// it for the filter.
    func endPausesRefused() {
        bypass.noteDetach()
        for stream in openStreams
        where stream.bypass.control.look({ $0.isResumeRefused }) {
            if let file = bypassedFile(of: stream) {
                _ = try? observing(.streamResume, of: file) { .results(resumeStream(of: file)) }
            }
        }
    }

    /// An open file object of the stream that has bypass.
    func bypassedFile(of stream: Stream) -> FileObject? {
        bypassedFiles.first { $0.stream === stream && !$0.isClosed }
    }
}

/// Asks through the file object that a resume came through, then through another of its stream.
private struct FileAsker: ResumeAsker {
    private let first: FileObject
    private var file: FileObject

    init(_ file: FileObject) {
        first = file
        self.file = file
    }

    var number: Int { file === first ? 1 : 2 }

    mutating func query() -> BypassIOResults? {
        // The storage does not decide whether filters are skipped.
        let verdict = file.queryFromTop(flags: .skipStorageStackQuery)
        // The handle was closed meanwhile, which is no refusal: another handle asks. If no other
        // handle has bypass, there is no pause any more.
        guard file.isClosed, let other = file.volume.bypassedFile(of: file.stream) else {
            return verdict
        }
        file = other
        return nil
    }
}

// MARK: Suspension

extension Volume {
    /// Keeps a stream off the bypass route without a pause (spec 4.6, 6.9). With `awaitingReads`,
    /// waits for its reads that skip the filters. For file systems. Each cause stands until it is
    /// ended.
    public func suspendBypass(
        of stream: Stream, because cause: StreamSuspension, awaitingReads: Bool = true
    ) {
        observingSuspensions(of: stream) {
            bypass.suspend(
                stream.bypass, because: cause, awaitingReads: awaitingReads,
                StreamHouse(self, stream))
        }
    }

    /// Ends a suspension; the stream bypasses again when no cause is left.
    public func endSuspension(of stream: Stream, because cause: StreamSuspension) {
        observingSuspensions(of: stream) {
            bypass.endSuspension(of: stream.bypass, because: cause, StreamHouse(self, stream))
        }
    }

    /// Tells the file system that another process changed a file, so that it checks whether a
    /// suspension begins or ends. For the reader of an ``OutsideChangeWatch``. nil: all files. Does
    /// nothing to files without bypass, and waits for no read. Any thread that carries no request.
    public func reviewOutsideChange(of id: FileID?) {
        guard activeBypassCount > 0 else { return }
        if let id, openStream(of: id)?.bypassOpenCount ?? 0 == 0 { return }
        var seen = Set<FileID>()
        for file in bypassedFiles
        where (id == nil || file.stream.id == id) && !seen.contains(file.stream.id) {
            guard file.retain() else { continue }
            defer { file.release() }
            seen.insert(file.stream.id)
            fileSystem.didChangeOutside(file)
        }
    }
}
