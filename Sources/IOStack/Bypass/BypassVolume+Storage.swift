import BypassIOProtocol

/// Whether reads skip the volume drivers (spec 4.5), and VOLUME_STACK_PAUSE and RESUME (spec 4.4).
extension BypassVolume {
    /// Sends IOCTL_STORAGE_MANAGE_BYPASS_IO on the 0→1 and 1→0 transitions of the volume's count
    /// (spec 4.5). If nobody below refuses, reads may skip the volume drivers; if somebody does,
    /// the bypass is partial. The drivers are told DISABLE when they see every read again.
    @discardableResult
    func reconcileStorage(
        until bound: DrainLimit = { nil }, _ house: some VolumeSurroundings
    ) -> DrainEnd {
        let memory = StepMemory()
        defer { memory.forget() }
        while true {
            switch tellStorage(house) {
            case .unchanged: return .drained
            case .told:
                // Whether the kernel may skip the drivers depends on their answer.
                return (try? house.settleKernelReads(until: bound)) ?? .drained
            case .busy:
                // Not under the transition's lock: who waits for it may be the one that reads.
                let end = gate.drain(
                    .storageBypass, .storageIdle, until: bound, advance: { house.advanceOwnReads() }
                )
                if end != .drained { return end }
            }
        }
    }

    private enum StorageNews {
        case unchanged, told
        /// A DISABLE is due, and reads still skip the volume drivers.
        case busy
    }

    private func tellStorage(_ house: some VolumeSurroundings) -> StorageNews {
        storageTransition.withLock { isStorageEnabled in
            let (isWanted, isBusy) = state.withLock { state in
                let isWanted = state.activeBypassCount > 0
                // Looked at where it counts: any DISABLE may find the volume's count at zero, also
                // one that was not the last and waited for its own stream only. With the count at
                // zero nobody begins to skip.
                let isBusy = gate.readsInside(.storageBypass) > 0
                // With the count, so that an ENABLE that comes now waits for its turn here. One
                // that comes while a DISABLE still waits finds things as it wants them.
                if !isWanted, !isBusy { gate.close(.storageRefused) }
                return (isWanted, isBusy)
            }
            guard isWanted != isStorageEnabled else { return .unchanged }
            if !isWanted, isBusy { return .busy }
            isStorageEnabled = isWanted
            if isWanted {
                if house.manageStorage(.enable) == nil { gate.open(.storageRefused) }
            } else {
                _ = house.manageStorage(.disable)
            }
            return .told
        }
    }

    // MARK: VOLUME_STACK_PAUSE

    /// Stops reads from skipping the volume drivers and waits for those that do. Filters stay
    /// bypassed. Repeatable; legal with no bypass in use.
    ///
    /// Throws ``NTStatus/ioTimeout`` where a read takes longer than ``drainLimit``, and
    /// ``NTStatus/cancelled`` for an interrupted program; then the pause is taken back, unless
    /// another stands.
    func pauseStorage(_ house: some VolumeSurroundings) throws(IOFailure) {
        state.withLock { state in
            state.storagePauseEpoch += 1
            if !gate.closed.contains(.storagePaused) { state.isStoragePauseSettled = false }
            state.storagePausesUnderWay += 1
            gate.close(.storagePaused)
        }
        if Mutant.noVolumeDrain.isPlanted { return }
        var made: DrainBound?
        defer { made?.finish() }
        func bound() -> DrainBound? { newBound(&made) }
        var end = gate.drain(
            .storageBypass, .storagePaused, until: bound, advance: { house.advanceOwnReads() })
        var refusal: IOFailure?
        if end == .drained {
            do throws(IOFailure) {
                end = try house.settleKernelReads(until: bound)
            } catch {
                refusal = error
            }
        }
        if endStoragePause(end) {
            _ = try? house.settleKernelReads(until: DrainBound.withoutWaiting)
        }
        if let failure = refusal ?? end.failure { throw failure }
    }

    /// Returns whether the pause was taken back.
    private func endStoragePause(_ end: DrainEnd) -> Bool {
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

    // MARK: VOLUME_STACK_RESUME

    /// Asks the volume and storage drivers again and ends the pause if none of them refuses; the
    /// answer names who still does. Harmless when nothing is paused.
    func resumeStorage(_ house: some VolumeSurroundings) -> BypassVeto? {
        let verdict = askStorageToResume(house)
        _ = try? house.settleKernelReads(until: DrainBound.withoutWaiting)
        return verdict
    }

    private func askStorageToResume(_ house: some VolumeSurroundings) -> BypassVeto? {
        storageTransition.withLock { isStorageEnabled in
            while true {
                let epoch = state.look { $0.storagePauseEpoch }
                if let veto = storageVetoOnResume(isEnabled: isStorageEnabled, house) {
                    return veto
                }
                let resumed = state.change { state in
                    // A pause that came meanwhile must be answered by the drivers again.
                    guard state.storagePauseEpoch == epoch || Mutant.noVolumeEpoch.isPlanted else {
                        return false
                    }
                    let endsRefusal = isStorageEnabled && !Mutant.refusalStays.isPlanted
                    gate.open(endsRefusal ? [.storagePaused, .storageRefused] : .storagePaused)
                    return true
                }
                if resumed { return nil }
            }
        }
    }

    /// A QUERY, and where an earlier ENABLE was refused another ENABLE.
    private func storageVetoOnResume(
        isEnabled: Bool, _ house: some VolumeSurroundings
    ) -> BypassVeto? {
        if let veto = house.manageStorage(.query) { return veto }
        guard isEnabled, gate.closed.contains(.storageRefused) else { return nil }
        return house.manageStorage(.enable)
    }
}
