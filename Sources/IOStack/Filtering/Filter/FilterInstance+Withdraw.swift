import BypassIOProtocol

/// Withdraws and restores bypass, by the rules of ``Bypass-swift.struct``.
extension FilterInstance {
    /// - Parameter file: nil withdraws from every file.
    func withdraw(
        from file: FileObject?, _ status: NTStatus, _ reason: String
    ) throws(IOFailure) {
        guard status.isError else { throw IOFailure(.invalidParameter3) }
        guard !reason.isEmpty else { throw IOFailure(.invalidParameter4) }
        if let file, file.volume !== volume { throw IOFailure(.invalidParameter) }
        let veto = BypassVeto(driver: filter.name, status: status, reason: reason)
        try whileAttached { () throws(IOFailure) in
            withdrawn.set(veto, of: file?.stream)
            volume.askAboutBypass(self)
            // A restore that ran meanwhile did not find the pause below.
            defer {
                if !isStillWithdrawn(from: file), !Mutant.pauseOutlivesRestore.isPlanted {
                    resumeWhatMayBypass()
                }
            }
            if let file { try pause(file) } else { try pauseAll { note($0) } }
        }
    }

    /// Holds the rundown until the pauses are noted, so that a detach, which waits for it, ends
    /// them.
    func whileAttached(_ body: () throws(IOFailure) -> Void) throws(IOFailure) {
        guard rundown.enter() else { throw IOFailure(.fltDeletingObject) }
        defer { rundown.leave() }
        withdrawn.use()
        try body()
    }

    /// Otherwise there is nothing to give back, or the detach does it.
    var hasUsedBypass: Bool { isAttached && withdrawn.isUsed }

    private func isStillWithdrawn(from file: FileObject?) -> Bool {
        guard let file else { return withdrawn.volumeVeto != nil }
        return withdrawn.veto(of: file.stream) != nil
    }

    /// Pauses the stream of `file` through that or another handle.
    private func pause(_ file: FileObject) throws(IOFailure) {
        var sender: FileObject? = file
        while let file = sender {
            if try pause(through: file) { return }
            sender = volume.bypassedFile(of: file.stream)
        }
        try volume.pause(file.stream)
        note(file.stream)
    }

    /// Sends STREAM_PAUSE from below the instance and notes it; false if the file object is gone.
    func pause(through file: FileObject) throws(IOFailure) -> Bool {
        do throws(IOFailure) {
            if file.stream.mayHaveBypass {
                _ = try bypassIO(.streamPause, on: file)
            } else {
                // No handle has bypass, so no layer below has to hear of it.
                try volume.pause(file.stream)
            }
        } catch {
            guard error.status == .fileClosed else { throw error }
            return false
        }
        note(file.stream)
        return true
    }

    func note(_ stream: Stream) { stream.bypass.note(pauser: altitude) }

    /// Sends a STREAM_RESUME to the top for each paused file that waits for this instance.
    func resumeWhatMayBypass() {
        var asked = Set<ObjectIdentifier>()
        for file in volume.bypassedFiles where !asked.contains(ObjectIdentifier(file.stream)) {
            asked.insert(ObjectIdentifier(file.stream))
            resume(file)
        }
    }

    func resume(_ file: FileObject) {
        let stream = file.stream
        var sender: FileObject? = file
        while let file = sender, isToBeResumed(stream) {
            do throws(IOFailure) {
                _ = try file.bypassIO(.streamResume, requestor: .kernel)
                return
            } catch {
                // A filter that fails the request refuses it.
                guard error.status == .fileClosed else { return }
                sender = volume.bypassedFile(of: stream)
            }
        }
    }

    private func isToBeResumed(_ stream: Stream) -> Bool {
        stream.bypass.isToBeResumed(by: altitude)
            && withdrawn.veto(of: stream) == nil
    }

    /// Called after the last callback: nothing of this filter keeps files from bypassing any more.
    func letGoOfBypass() {
        guard withdrawn.isUsed else { return }
        withdrawn.removeAll()
        resumeWhatMayBypass()
        // A filter that refused sends a resume when it restores, or is asked again when it goes.
        for stream in volume.openStreams { stream.bypass.forget(pauser: altitude) }
    }
}
