/// The end of an ENABLE that no filter refused.
enum Enabling: Equatable {
    case turnedOn
    /// The handle had bypass before.
    case alreadyOn
    case vetoed(BypassVeto)
    /// The stack has changed since the ENABLE went down. It is sent again from where it began.
    case outdated
    case handleClosed
    /// The file's attributes are changing.
    case attributesAreChanging
}

/// ENABLE, DISABLE and the end of a handle (spec 4.3).
extension BypassVolume {
    // MARK: ENABLE

    /// Called before the ENABLE's chain is chosen. ``endEnable(_:)`` ends it.
    func beginEnable(
        of handle: borrowing BypassHandle, _ stream: borrowing BypassStream
    ) -> EnableTicket {
        EnableTicket(
            withdrawals: state.look { $0.withdrawals },
            pauses: stream.control.change { control in
                control.enablesUnderWay += 1
                return control.pauseEpoch
            },
            disables: handle.disables)
    }

    func endEnable(_ stream: borrowing BypassStream) {
        stream.control.change { $0.enablesUnderWay -= 1 }
    }

    /// Enables bypass of a handle after every filter let the ENABLE through. The file system may
    /// still `veto`; it is asked again if attributes change meanwhile.
    func enable(
        _ handle: borrowing BypassHandle, of holder: any BypassHolder,
        _ stream: borrowing BypassStream, _ ticket: EnableTicket, _ house: some VolumeSurroundings,
        veto: () -> BypassVeto?
    ) -> Enabling {
        while true {
            let changes = stream.control.look { control in
                control.attributeChangesUnderWay == 0 ? control.attributeChanges : nil
            }
            // The ENABLE does not wait: the change may be draining reads of this very thread.
            guard let changes else { return .attributesAreChanging }
            if let veto = veto() { return .vetoed(veto) }
            let counting = countIn(handle, of: holder, stream, ticket, ifStill: changes)
            switch counting {
            case .turnedOn, .alreadyOn:
                reconcileStorage(house)
                return counting == .turnedOn ? .turnedOn : .alreadyOn
            case .handleClosed: return .handleClosed
            case .attributesChanged: continue
            case .outdated: return .outdated
            }
        }
    }

    private enum CountingIn {
        case turnedOn, alreadyOn
        /// The file's attributes have changed since the file system looked at them.
        case attributesChanged
        case handleClosed
        case outdated
    }

    private func countIn(
        _ handle: borrowing BypassHandle, of holder: any BypassHolder,
        _ stream: borrowing BypassStream, _ ticket: EnableTicket, ifStill changes: UInt64
    ) -> CountingIn {
        state.change { state in
            // Only a handle's first ENABLE counts, and none on a closed handle.
            guard !handle.isClosed else { return .handleClosed }
            guard !handle.isEnabled else { return .alreadyOn }
            let counting: CountingIn = stream.control.change { control in
                guard ticket.isValid(for: handle, state, control) else { return .outdated }
                guard control.attributeChanges == changes, control.attributeChangesUnderWay == 0
                else { return .attributesChanged }
                control.bypassOpenCount += 1
                return .turnedOn
            }
            guard case .turnedOn = counting else { return counting }
            state.activeBypassCount += 1
            state.bypassed[ObjectIdentifier(holder)] = WeakHolder(holder)
            if state.activeBypassCount == 1 { gate.open(.storageIdle) }
            // This comes last: from here on a read may bypass, and a pause must find it counted.
            handle.setEnabled(true)
            return .turnedOn
        }
    }

    // MARK: DISABLE

    /// Disables bypass and waits for the stream's bypassed reads, also where another DISABLE took
    /// the bypass away and still waits. If the result is not `drained`, ``finishDisable(_:_:)``
    /// does the rest.
    func disable(
        _ handle: borrowing BypassHandle, of holder: ObjectIdentifier,
        _ stream: borrowing BypassStream, _ house: some StreamSurroundings
    ) -> DrainEnd {
        state.change { state in
            handle.countDisable()
            _ = countOut(handle, holder, stream, &state)
        }
        var made: DrainBound?
        defer { made?.finish() }
        // A closure for each: a local function that three calls share would be allocated.
        var end = settle(stream, until: { newBound(&made) }, house)
        if end == .drained { end = reconcileStorage(until: { newBound(&made) }, house) }
        // The host cannot refuse a DISABLE. If it will not stop kernel reads, they go on.
        if end == .drained {
            end = (try? house.settleKernelReadsOfStream { newBound(&made) }) ?? .drained
        }
        return end
    }

    /// Does the rest of a DISABLE and waits without a limit.
    func finishDisable(_ stream: borrowing BypassStream, _ house: some StreamSurroundings) {
        settle(stream, house)
        reconcileStorage(house)
        _ = try? house.settleKernelReadsOfStream { nil }
    }

    /// Ends the handle and its bypass.
    ///
    /// Returns whether this call was the first to end it, and whether the handle had bypass. If it
    /// had, ``settleAndReconcile(_:_:)`` must follow.
    func end(
        _ handle: borrowing BypassHandle, of holder: ObjectIdentifier,
        _ stream: borrowing BypassStream
    ) -> (isFirst: Bool, wasEnabled: Bool) {
        state.withLock { state in
            guard handle.setClosed() else { return (false, false) }
            if Mutant.closeKeepsBypass.isPlanted { return (true, false) }
            return (true, countOut(handle, holder, stream, &state))
        }
    }

    /// Waits for the stream's bypassed reads, so that none is in flight after a close.
    func settleAndReconcile(_ stream: borrowing BypassStream, _ house: some VolumeSurroundings) {
        settle(stream, house)
        reconcileStorage(house)
    }

    /// Ends the bypass of a file object that was dropped without a close. No read of it is in
    /// flight. Reads of other handles, whose DISABLEs are under way, may be.
    func forget(
        _ handle: borrowing BypassHandle, of holder: ObjectIdentifier,
        _ stream: borrowing BypassStream, _ house: some VolumeSurroundings
    ) {
        if state.withLock({ countOut(handle, holder, stream, &$0) }) { reconcileStorage(house) }
    }

    /// Returns whether bypass was enabled.
    private func countOut(
        _ handle: borrowing BypassHandle, _ holder: ObjectIdentifier,
        _ stream: borrowing BypassStream, _ state: inout State
    ) -> Bool {
        guard handle.isEnabled else { return false }
        handle.setEnabled(false)
        state.bypassed[holder] = nil
        state.activeBypassCount -= 1
        assert(state.activeBypassCount == state.bypassed.count)
        if state.activeBypassCount == 0 { gate.close(.storageIdle) }
        stream.control.withLock { control in
            control.bypassOpenCount -= 1
            // Without the last handle, the pause holds back nothing (spec 4.4: a pause is ignored
            // where bypass is not enabled).
            guard control.bypassOpenCount == 0 else { return }
            control.lastDisables += 1
            guard control.isPaused, !Mutant.pauseOutlivesBypass.isPlanted else { return }
            control.isPaused = false
            stream.letIn(.paused, hasBypass: false)
        }
        return true
    }

    /// Keeps new bypassed reads out until those in flight are done.
    @discardableResult
    func settle(
        _ stream: borrowing BypassStream, until bound: DrainLimit = { nil },
        _ house: some VolumeSurroundings
    ) -> DrainEnd {
        let memory = StepMemory()
        defer { memory.forget() }
        stream.control.change { control in
            control.settling += 1
            stream.gate.close(.settling)
        }
        let end = stream.gate.drain(.settling, until: bound, advance: { house.advanceOwnReads() })
        stream.control.change { control in
            control.settling -= 1
            if control.settling == 0 { stream.gate.open(.settling) }
        }
        return end
    }
}

/// The counts that an ENABLE finds where it begins, and must find unchanged where bypass is set.
///
/// A filter that withdraws bypass vetoes from then on, and after that sends STREAM_PAUSE or DISABLE
/// (spec 4.4). An ENABLE may pass the filter before it vetoes, and reach the file system after the
/// filter found no handle to pause. Then it finds a changed count, sets nothing, and is sent again
/// from where it began. So it meets the veto, if that still stands. Filters attached meanwhile
/// change a count, too.
///
/// Invariant: a count is raised under the lock under which bypass is set. So either the ENABLE sees
/// the count, or the pause sees the handle with bypass.
struct EnableTicket: Hashable {
    let withdrawals: UInt64
    let pauses: UInt64
    let disables: UInt64

    /// How often an ENABLE is sent from its beginning. The limit ends the loop if a filter
    /// withdraws bypass again and again.
    static var attempts: Int { 64 }

    /// Under the volume's `state` lock and the stream's `control` lock.
    func isValid(
        for handle: borrowing BypassHandle, _ state: borrowing BypassVolume.State,
        _ control: borrowing BypassStream.Control
    ) -> Bool {
        if Mutant.noAskingAgain.isPlanted { return true }
        return self
            == EnableTicket(
                withdrawals: state.withdrawals, pauses: control.pauseEpoch,
                disables: handle.disables)
    }
}
