import BypassIOProtocol

/// STREAM_PAUSE and STREAM_RESUME (spec 4.4).
extension BypassVolume {
    /// Stops the stream's reads from skipping the filters, and waits for those that do. Reads still
    /// skip the volume drivers. Pauses are not counted. Where no handle has bypass, nothing is
    /// paused, but ENABLEs under way ask again.
    ///
    /// Throws ``NTStatus/ioTimeout`` if a read takes longer than ``drainLimit``, and
    /// ``NTStatus/cancelled`` for an interrupted program. The pause is then taken back, unless
    /// another stands or drains.
    func pause(
        _ stream: borrowing BypassStream, _ house: some StreamSurroundings
    ) throws(IOFailure) {
        var made: DrainBound?
        defer { made?.finish() }
        func bound() -> DrainBound? { newBound(&made) }
        // nil: no handle has bypass.
        let lastDisables: UInt64? = stream.control.change { control in
            control.pauseEpoch += 1
            guard control.bypassOpenCount > 0 else { return nil }
            if !control.isPaused { control.isPauseSettled = false }
            control.pausesUnderWay += 1
            control.isPaused = true
            stream.keepOff(.paused, hasBypass: true)
            return control.lastDisables
        }
        var end = DrainEnd.drained
        if lastDisables != nil {
            end = stream.gate.drain(.paused, until: bound, advance: { house.advanceOwnReads() })
        }
        // No handle has bypass, or the last such handle lost it and so ended the pause. A DISABLE
        // may then still wait for reads that are past the filters, and so must the pause.
        let isDisabled =
            lastDisables == nil || stream.control.look { $0.lastDisables } != lastDisables
        if end == .drained, isDisabled { end = settle(stream, until: bound, house) }
        var refusal: IOFailure?
        if end == .drained {
            do throws(IOFailure) {
                end = try house.settleKernelReadsOfStream(until: bound)
            } catch {
                refusal = error
            }
        }
        if lastDisables != nil, endPause(of: stream, end) {
            _ = try? house.settleKernelReadsOfStream(until: DrainBound.withoutWaiting)
        }
        if let failure = refusal ?? end.failure { throw failure }
    }

    /// Returns whether the pause was taken back: no pause has succeeded, and none can any more.
    private func endPause(of stream: borrowing BypassStream, _ end: DrainEnd) -> Bool {
        stream.control.change { control in
            control.pausesUnderWay -= 1
            if end == .drained { control.isPauseSettled = true }
            guard control.isPaused, !control.isPauseSettled, control.pausesUnderWay == 0 else {
                return false
            }
            control.isPaused = false
            stream.letIn(.paused, hasBypass: control.bypassOpenCount > 0)
            return true
        }
    }

    /// Has `asker` send a QUERY from the top of the stack, from within this request, and ends the
    /// pause if no layer refuses. So several pausers need no count: each vetoes for as long as it
    /// has a reason. No lock is held while the QUERY runs.
    func resume(
        _ stream: borrowing BypassStream, asking asker: consuming some ResumeAsker,
        _ house: some StreamSurroundings
    ) -> BypassIOResults {
        let memory = StepMemory()
        while true {
            // Each round starts afresh and keeps only the asker.
            memory.forget(but: asker.number)
            let epoch = stream.control.look { $0.isPaused ? $0.pauseEpoch : nil }
            guard let epoch else { return BypassIOResults() }
            let detaches = state.look { $0.detaches }
            guard let verdict = verdict(of: &asker, stream) else { continue }
            guard verdict.status.isSuccess else {
                if noteRefusal(of: stream, epoch, since: detaches) { return verdict }
                continue
            }
            if endPause(of: stream, ifStill: epoch) {
                _ = try? house.settleKernelReadsOfStream(until: DrainBound.withoutWaiting)
                return BypassIOResults()
            }
        }
    }

    private func verdict(
        of asker: inout some ResumeAsker, _ stream: borrowing BypassStream
    ) -> BypassIOResults? {
        if Mutant.queryUnderLock.isPlanted { stream.control.lock() }
        defer { if Mutant.queryUnderLock.isPlanted { stream.control.unlock() } }
        return asker.query()
    }

    /// Returns whether the refusal stands. The filter that refused may have been detached; if it
    /// looked for refused resumes before this one was noted, it did not see this one.
    private func noteRefusal(
        of stream: borrowing BypassStream, _ epoch: UInt64, since detaches: UInt64
    ) -> Bool {
        stream.control.change { control in
            if control.pauseEpoch == epoch { control.isResumeRefused = control.isPaused }
        }
        return state.look { $0.detaches } == detaches || Mutant.refuserGone.isPlanted
    }

    /// False if a pause came meanwhile. The resume must then ask again.
    private func endPause(of stream: borrowing BypassStream, ifStill epoch: UInt64) -> Bool {
        stream.control.change { control in
            guard control.pauseEpoch == epoch || Mutant.noEpoch.isPlanted else { return false }
            control.isPaused = false
            stream.letIn(.paused, hasBypass: control.bypassOpenCount > 0)
            return true
        }
    }
}
