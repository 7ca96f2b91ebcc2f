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
