import BypassIOProtocol

/// The pauses and resumes of spec 4.4.
extension Volume {
    // MARK: The volume and storage stacks

    /// Stops reads from skipping the volume drivers and waits for those that do. Filters stay
    /// bypassed. Repeatable; legal with no bypass in use.
    ///
    /// Throws ``NTStatus/ioTimeout`` where a read takes longer than ``drainLimit``, and
    /// ``NTStatus/cancelled`` for an interrupted program; then the pause is taken back, unless another
    /// stands.
    func pauseVolumeStack() throws(IOFailure) {
        state.withLock { state in
            state.storagePauseEpoch += 1
            if !gate.closed.contains(.storagePaused) { state.isStoragePauseSettled = false }
            state.storagePausesUnderWay += 1
            gate.close(.storagePaused)
        }
        #if INTERLEAVING
            if Interleaving.isMutant("NO_VOLUME_DRAIN") { return }
        #endif
        var made: DrainBound?
        defer { made?.finish() }
        func bound() -> DrainBound? { newBound(&made) }
        var end = gate.drain(
            .storageBypass, .storagePaused, until: bound, advance: advanceOwnReads)
        var refusal: IOFailure?
        if end == .drained {
            do throws(IOFailure) {
                end = try settleKernelReads(until: bound)
            } catch {
                refusal = error
            }
        }
        if endVolumePause(end) { _ = try? settleKernelReads(until: DrainBound.withoutWaiting) }
        if let failure = refusal ?? end.failure { throw failure }
    }

    /// Returns whether the pause was taken back.
    private func endVolumePause(_ end: DrainEnd) -> Bool {
        state.withLock { state in
            state.storagePausesUnderWay -= 1
            if end == .drained { state.isStoragePauseSettled = true }
            guard !state.isStoragePauseSettled, state.storagePausesUnderWay == 0 else {
                return false
            }
            gate.open(.storagePaused)
            return true
        }
    }

    /// For the drains of one request, made by the first of them that has to wait. None in the search of
    /// every order, where nothing takes time.
    func newBound(_ made: inout DrainBound?) -> DrainBound? {
        #if !INTERLEAVING
            if made == nil { made = DrainBound(drainLimit) }
        #endif
        return made
    }

    /// Asks the volume and storage drivers again and ends the pause if none of them refuses; the
    /// answer names who still does. Harmless when nothing is paused.
    func resumeVolumeStack() -> BypassVeto? {
        let verdict = askStorageToResume()
        _ = try? settleKernelReads(until: DrainBound.withoutWaiting)
        return verdict
    }

    private func askStorageToResume() -> BypassVeto? {
        storageTransition.withLock { isStorageEnabled in
            while true {
                let epoch = state.look { $0.storagePauseEpoch }
                if let veto = storageVetoOnResume(isEnabled: isStorageEnabled) { return veto }
                let resumed = state.change { state in
                    #if INTERLEAVING
                        let epoch =
                            Interleaving.isMutant("NO_VOLUME_EPOCH")
                            ? state.storagePauseEpoch : epoch
                    #endif
                    // A pause that came meanwhile must be answered by the drivers again.
                    guard state.storagePauseEpoch == epoch else { return false }
                    #if INTERLEAVING
                        if Interleaving.isMutant("REFUSAL_STAYS") {
                            gate.open(.storagePaused)
                            return true
                        }
                    #endif
                    gate.open(
                        isStorageEnabled ? [.storagePaused, .storageRefused] : .storagePaused)
                    return true
                }
                if resumed { return nil }
            }
        }
    }

    /// A QUERY, and where an earlier ENABLE was refused another ENABLE.
    private func storageVetoOnResume(isEnabled: Bool) -> BypassVeto? {
        if let veto = stack.manageBypassIO(.query) { return veto }
        guard isEnabled, gate.closed.contains(.storageRefused) else { return nil }
        return stack.manageBypassIO(.enable)
    }

    // MARK: A stream

    /// Stops the stream's reads from skipping the filters and waits for those that do. The storage
    /// bypass stays on. Not counted. Where bypass is not enabled nothing is paused, but the ENABLEs
    /// under way ask again.
    ///
    /// Throws ``NTStatus/ioTimeout`` where a read takes longer than ``drainLimit``, and
    /// ``NTStatus/cancelled`` for an interrupted program; then the pause is taken back, unless another
    /// stands or drains.
    func pause(_ stream: Stream) throws(IOFailure) {
        var made: DrainBound?
        defer { made?.finish() }
        func bound() -> DrainBound? { newBound(&made) }
        // nil: nobody has bypass.
        let lastDisables: UInt64? = stream.control.change { control in
            control.pauseEpoch += 1
            guard control.bypassOpenCount > 0 else { return nil }
            if !control.isPaused { control.isPauseSettled = false }
            control.pausesUnderWay += 1
            control.isPaused = true
            stream.gate.close(.paused)
            return control.lastDisables
        }
        var end = DrainEnd.drained
        if lastDisables != nil {
            end = stream.gate.drain(.paused, until: bound, advance: advanceOwnReads)
        }
        // Nobody has bypass, or the last one to have it lost it and ended the pause: then a DISABLE
        // may still wait for reads that are past the filters, and so must the pause.
        let isDisabled =
            lastDisables == nil || stream.control.look { $0.lastDisables } != lastDisables
        if end == .drained, isDisabled { end = settle(stream, until: bound) }
        var refusal: IOFailure?
        if end == .drained {
            do throws(IOFailure) {
                end = try settleKernelReads(of: stream, until: bound)
            } catch {
                refusal = error
            }
        }
        if lastDisables != nil, endPause(of: stream, end) {
            _ = try? settleKernelReads(of: stream, until: DrainBound.withoutWaiting)
        }
        if let failure = refusal ?? end.failure { throw failure }
    }

    /// Returns whether the pause was taken back: nobody was told that it stands, or will be.
    private func endPause(of stream: Stream, _ end: DrainEnd) -> Bool {
        stream.control.change { control in
            control.pausesUnderWay -= 1
            if end == .drained { control.isPauseSettled = true }
            guard control.isPaused, !control.isPauseSettled, control.pausesUnderWay == 0 else {
                return false
            }
            control.isPaused = false
            stream.gate.open(.paused)
            return true
        }
    }

    /// Sends a QUERY from the top of the stack, from within this request, and ends the pause if
    /// nobody refuses. So several pausers need no counting: each keeps vetoing while it has a
    /// reason. Nothing is locked while the QUERY runs.
    func resumeStream(of file: FileObject) -> BypassIOResults {
        let stream = file.stream
        var asker = file
        #if INTERLEAVING
            let mark = Interleaving.mark()
        #endif
        while true {
            #if INTERLEAVING
                // It begins anew with nothing in hand but who asks.
                Interleaving.forget(since: mark, but: asker === file ? 1 : 2)
            #endif
            let epoch = stream.control.look { $0.isPaused ? $0.pauseEpoch : nil }
            guard let epoch else { return BypassIOResults() }
            let detaches = state.look { $0.detaches }
            // The storage has no say in whether filters are skipped.
            #if INTERLEAVING
                if Interleaving.isMutant("QUERY_UNDER_LOCK") { stream.control.lock() }
            #endif
            let verdict = asker.queryFromTop(flags: .skipStorageStackQuery)
            #if INTERLEAVING
                if Interleaving.isMutant("QUERY_UNDER_LOCK") { stream.control.unlock() }
            #endif
            // Its handle was closed meanwhile, which blocks nobody: the question goes through another.
            // Without another that has bypass there is no pause any more.
            if asker.isClosed, let other = bypassedFile(of: stream) {
                asker = other
                continue
            }
            guard verdict.status.isSuccess else {
                stream.control.change { control in
                    if control.pauseEpoch == epoch { control.isResumeRefused = control.isPaused }
                }
                // Who refused may be gone, and have looked for what he refused too early to see this.
                let isOutdated = state.look { $0.detaches } != detaches
                #if INTERLEAVING
                    if Interleaving.isMutant("REFUSER_GONE") { return verdict }
                #endif
                if isOutdated { continue }
                return verdict
            }
            let resumed = stream.control.change { control in
                #if INTERLEAVING
                    let epoch =
                        Interleaving.isMutant("NO_EPOCH") ? control.pauseEpoch : epoch
                #endif
                // A pause that came meanwhile must be asked about again.
                guard control.pauseEpoch == epoch else { return false }
                control.isPaused = false
                stream.gate.open(.paused)
                return true
            }
            if resumed {
                _ = try? settleKernelReads(of: stream, until: DrainBound.withoutWaiting)
                return BypassIOResults()
            }
        }
    }
}

extension Volume {
    /// A filter is gone, and with it what it had against bypass: asks again for every stream whose resume
    /// was refused, on behalf of the filter, which would send it if it only changed its mind.
    func endPausesRefused() {
        state.change { $0.detaches += 1 }
        for stream in openStreams
        where stream.control.look({ $0.isResumeRefused }) {
            if let file = bypassedFile(of: stream) { _ = resumeStream(of: file) }
        }
    }

    /// An open file object of the stream that has bypass.
    func bypassedFile(of stream: Stream) -> FileObject? {
        bypassedFiles.first { $0.stream === stream && !$0.isClosed }
    }
}

// MARK: Suspension

extension Volume {
    /// Keeps a stream off the bypass route without pausing it (spec 4.6, 6.9) and waits for its
    /// reads that skip the filters, unless the caller does not rely on their end. For file systems; each
    /// cause stands until it is ended.
    public func suspendBypass(
        of stream: Stream, because cause: StreamSuspension, awaitingReads: Bool = true
    ) {
        func bound() -> DrainBound? { awaitingReads ? nil : DrainBound.withoutWaiting() }
        stream.control.withLock { control in
            control.suspensions.insert(cause)
            stream.gate.close(.suspended(cause))
        }
        stream.gate.drain(.suspended(cause), until: bound, advance: advanceOwnReads)
        // What the host will not stop goes on; it reads the same bytes.
        _ = try? settleKernelReads(of: stream, until: bound)
    }

    /// Has the file system look whether what another process did to a file suspends its bypass, or ends a
    /// suspension. For whoever is told of such changes (``OutsideChangeWatch``); nil for all files. Does
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

    /// Ends a suspension; the stream bypasses again when no cause is left.
    public func endSuspension(of stream: Stream, because cause: StreamSuspension) {
        stream.control.withLock { control in
            control.suspensions.remove(cause)
            stream.gate.open(.suspended(cause))
        }
        _ = try? settleKernelReads(of: stream, until: DrainBound.withoutWaiting)
    }
}
