import BypassIOProtocol
import Synchronization

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
            guard control.isPaused, !control.isPauseSettled, control.pausesUnderWay == 0,
                !Mutant.failedPauseStays.isPlanted
            else { return false }
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

/// Suspensions: causes that keep a stream off the bypass route without a pause (spec 4.6, 6.9).
extension BypassVolume {
    /// Suspends the stream. With `awaitingReads`, waits for its reads that skip the filters. Each
    /// cause stands until it is ended.
    func suspend(
        _ stream: borrowing BypassStream, because cause: StreamSuspension, awaitingReads: Bool,
        _ house: some StreamSurroundings
    ) {
        func bound() -> DrainBound? { awaitingReads ? nil : DrainBound.withoutWaiting() }
        stream.control.withLock { control in
            control.suspensions.insert(cause)
            stream.keepOff(.suspended(cause), hasBypass: control.bypassOpenCount > 0)
        }
        stream.gate.drain(.suspended(cause), until: bound, advance: { house.advanceOwnReads() })
        // Kernel reads that the host will not stop go on. They read the same bytes.
        _ = try? house.settleKernelReadsOfStream(until: bound)
    }

    /// The stream bypasses again when no cause is left.
    func endSuspension(
        of stream: borrowing BypassStream, because cause: StreamSuspension,
        _ house: some StreamSurroundings
    ) {
        stream.control.withLock { control in
            control.suspensions.remove(cause)
            stream.letIn(.suspended(cause), hasBypass: control.bypassOpenCount > 0)
        }
        _ = try? house.settleKernelReadsOfStream(until: DrainBound.withoutWaiting)
    }

    // MARK: Cached use

    /// Counts an open handle as a cached user of its stream, and waits for the stream's bypassed
    /// reads.
    func countIn(
        _ use: StreamSuspension, of handle: borrowing BypassHandle,
        _ stream: borrowing BypassStream, _ house: some StreamSurroundings
    ) {
        stream.control.withLock { control in
            guard handle.setCounted(use) else { return }
            control.cachedUsers.add(use)
            control.suspensions.insert(use)
            stream.keepOff(.suspended(use), hasBypass: control.bypassOpenCount > 0)
        }
        if Mutant.noSuspensionDrain.isPlanted { return }
        stream.gate.drain(.suspended(use), advance: { house.advanceOwnReads() })
        _ = try? house.settleKernelReadsOfStream { nil }
    }

    /// Called when the last reference to the handle's file object is gone.
    func countOutCachedUses(
        of handle: borrowing BypassHandle, _ stream: borrowing BypassStream,
        _ house: some StreamSurroundings
    ) {
        let uses = handle.countedUses
        guard uses != [] else { return }
        stream.control.withLock { control in
            for use in [StreamSuspension.cachedHandle, .mapped] where uses.contains(use) {
                let isLast = control.cachedUsers.remove(use)
                if Mutant.suspendedByOne.isPlanted { stream.gate.open(.suspended(use)) }
                guard isLast else { continue }
                control.suspensions.remove(use)
                stream.letIn(.suspended(use), hasBypass: control.bypassOpenCount > 0)
            }
        }
        _ = try? house.settleKernelReadsOfStream(until: DrainBound.withoutWaiting)
    }
}

/// How many handles of a stream do cached and mapped I/O. Part of ``BypassStream/Control``, whose
/// lock guards it.
struct CachedUsers: Hashable {
    private var cached: UInt32 = 0
    private var mapped: UInt32 = 0

    /// Counts a handle in for `use`.
    mutating func add(_ use: StreamSuspension) {
        if use == .mapped { mapped += 1 } else { cached += 1 }
    }

    /// Counts a handle out. Returns whether no handle is left.
    mutating func remove(_ use: StreamSuspension) -> Bool {
        if use == .mapped {
            mapped -= 1
            return mapped == 0
        }
        cached -= 1
        return cached == 0
    }
}

/// When something that decides about the ways of reads last began and ended, by ``LayerClock``.
///
/// Whoever begins and ends it holds the lock of what it is about. Any thread looks. Relaxed: the
/// numbers are for people. The atomics are the standard library's in the build of the search, too,
/// where nothing has a time.
struct SpellTimes: ~Copyable, Sendable {
    private let beginning = Synchronization.Atomic<UInt64>(0)
    private let end = Synchronization.Atomic<UInt64>(0)

    func begin() { note(in: beginning) }

    func finish() { note(in: end) }

    private func note(in place: borrowing Synchronization.Atomic<UInt64>) {
        if !Interleaving.isSearched { place.store(LayerClock.now, ordering: .relaxed) }
    }

    /// 0: never.
    var began: UInt64 { beginning.load(ordering: .relaxed) }
    var ended: UInt64 { end.load(ordering: .relaxed) }

    /// It began and has not ended.
    var lasts: Bool { began > ended }
}
