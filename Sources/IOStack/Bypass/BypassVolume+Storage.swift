import BypassIOProtocol

/// Whether reads skip the volume drivers (spec 4.5); VOLUME_STACK_PAUSE and VOLUME_STACK_RESUME
/// (spec 4.4).
extension BypassVolume {
    /// Sends IOCTL_STORAGE_MANAGE_BYPASS_IO when the volume's count goes from 0 to 1 or back (spec
    /// 4.5). If no driver refuses, reads may skip the volume drivers; otherwise the bypass is
    /// partial. The drivers get DISABLE once they see every read again.
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
                // The drivers' answer decides whether the kernel may skip them.
                return (try? house.settleKernelReads(until: bound)) ?? .drained
            case .busy:
                // Outside the transition's lock: a thread that waits for that lock may be the
                // thread that reads.
                let end = gate.drain(
                    .storageBypass, .storageIdle, until: bound, advance: { house.advanceOwnReads() }
                )
                if end != .drained { return end }
            }
        }
    }

    private enum StorageNews {
        case unchanged, told
        /// A DISABLE is due, but reads still skip the volume drivers.
        case busy
    }

    private func tellStorage(_ house: some VolumeSurroundings) -> StorageNews {
        storageTransition.withLock { isStorageEnabled in
            let (isWanted, isBusy) = state.withLock { state in
                let isWanted = state.activeBypassCount > 0
                // Checked together with the count. Any DISABLE may bring the count to zero, also
                // one that was not its stream's last and waited for its own stream only. While the
                // count is zero, no read starts to skip the drivers.
                let isBusy = gate.readsInside(.storageBypass) > 0
                // Closed together with the count, so that an ENABLE that comes now waits for its
                // turn here. If an ENABLE comes while a DISABLE still waits, nothing needs to
                // change for it.
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

    /// Stops reads from skipping the volume drivers, and waits for those that do. Filters stay
    /// bypassed. Repeatable, and legal where no handle has bypass.
    ///
    /// Throws ``NTStatus/ioTimeout`` if a read takes longer than ``drainLimit``, and
    /// ``NTStatus/cancelled`` for an interrupted program. The pause is then taken back, unless
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

    /// Asks the volume and storage drivers again, and ends the pause if none refuses. Returns the
    /// veto of the driver that still refuses. Harmless if nothing is paused.
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
                    // The drivers must answer again for a pause that came meanwhile.
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

    /// Sends a QUERY, and another ENABLE if the drivers refused the earlier one.
    private func storageVetoOnResume(
        isEnabled: Bool, _ house: some VolumeSurroundings
    ) -> BypassVeto? {
        if let veto = house.manageStorage(.query) { return veto }
        guard isEnabled, gate.closed.contains(.storageRefused) else { return nil }
        return house.manageStorage(.enable)
    }
}
