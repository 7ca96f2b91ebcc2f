import BypassIOProtocol
import Dispatch

/// The file system's part of FSCTL_MANAGE_BYPASS_IO: what happens when a control has passed every
/// filter. The same for every file system driver.
extension Volume {
    /// Answers a BypassIO control that reached the file system.
    func manageBypassIO(_ data: CallbackData, _ control: FileSystemControlParameters) {
        guard let file = data.fileObject else { return data.fail(.invalidParameter) }
        do throws(IOFailure) {
            let input: FSBypassIOInput
            do throws(NTStatus) {
                // Again, although the I/O manager looked: a filter above may have changed it.
                input = try FSBypassIOInput.validated(
                    controlCode: control.code, input: control.input.span,
                    outputLength: control.outputLength)
            } catch {
                throw IOFailure(error)
            }
            let (output, isOutdated, turnedOn) = try output(
                of: input, file, data.requestor, data.enableTicket)
            data.isEnableOutdated = isOutdated
            data.canBeUndone = turnedOn
            data.result = .bytes(output)
            data.ioStatus = IOStatusBlock(.success, information: output.count)
        } catch {
            data.ioStatus = IOStatusBlock(error)
        }
    }

    /// The output of a control that no filter has to do with, without a request to carry; nil if one
    /// has, or came meanwhile.
    func unfilteredOutput(
        of input: FSBypassIOInput, _ file: FileObject, _ requestor: Requestor
    ) throws(IOFailure) -> [UInt8]? {
        let ticket = input.operation == .enable ? beginEnable(of: file) : nil
        defer { if ticket != nil { endEnable(of: file) } }
        guard currentChain.operations(for: .fileSystemControl).isEmpty else { return nil }
        let answer = try output(of: input, file, requestor, ticket)
        return answer.isOutdated ? nil : answer.bytes
    }

    /// `turnedOn`: it was an ENABLE, and bypass was not enabled before.
    private func output(
        of input: FSBypassIOInput, _ file: FileObject, _ requestor: Requestor,
        _ ticket: EnableTicket?
    ) throws(IOFailure) -> (bytes: [UInt8], isOutdated: Bool, turnedOn: Bool) {
        try checkRights(requestor, for: input.operation)
        #if INTERLEAVING
            let mark = Interleaving.mark()
        #endif
        let (answer, turnedOn) = try answer(input, file, ticket)
        #if INTERLEAVING
            Interleaving.forget(
                since: mark, but: turnedOn ? ~answer.hashValue : answer.hashValue)
        #endif
        let flags = file.bypassOutputFlags(for: input.operation)
        do throws(WireError) {
            return (
                try answer.encoded(for: input.operation, flags: flags), answer.isOutdated, turnedOn
            )
        } catch {
            throw IOFailure(.invalidParameter)
        }
    }

    /// Throws where the host refused to stop the kernel's own reads.
    private func answer(
        _ input: FSBypassIOInput, _ file: FileObject, _ ticket: EnableTicket?
    ) throws(IOFailure) -> (answer: ControlAnswer, turnedOn: Bool) {
        switch input.operation {
        case .enable: return try enable(file, ticket)
        case .disable: try disable(file)
        case .query: return (ControlAnswer(query(file, flags: input.flags)), false)
        case .volumeStackPause: try pauseVolumeStack()
        case .volumeStackResume: return (ControlAnswer(resumeVolumeStack()), false)
        case .streamPause: try pause(file.stream)
        case .streamResume: return (.results(resumeStream(of: file)), false)
        default: return (.info(information()), false)
        }
        return (.success, false)
    }

    /// Spec 6.8: pausing and resuming the volume stack is for those who administer the volume.
    private func checkRights(
        _ requestor: Requestor, for operation: BypassIOOperation
    ) throws(IOFailure) {
        let needsRight = operation == .volumeStackPause || operation == .volumeStackResume
        if needsRight, !requestor.mayAdministerVolume { throw IOFailure(.accessDenied) }
    }

    // MARK: ENABLE and DISABLE

    private func enable(
        _ file: FileObject, _ ticket: EnableTicket?
    ) throws(IOFailure) -> (answer: ControlAnswer, turnedOn: Bool) {
        // A filter made it out of another control, so those above were never asked.
        guard let ticket else { return (.outdated(askAgain), false) }
        while true {
            let changes = file.stream.control.look { control in
                control.attributeChangesUnderWay == 0 ? control.attributeChanges : nil
            }
            // Not waited for: the change may drain reads of this very thread.
            guard let changes else {
                return (ControlAnswer(veto(.sharingViolation, Self.changingReason)), false)
            }
            if let veto = fileSystemVeto(of: file, for: .enable) {
                return (ControlAnswer(veto), false)
            }
            let counting = countIn(file, ticket, ifStill: changes)
            switch counting {
            case .turnedOn, .alreadyOn:
                reconcileStorage()
                return (.success, counting == .turnedOn)
            case .handleClosed: throw IOFailure(.fileClosed)
            case .attributesChanged: continue
            case .outdated: return (.outdated(askAgain), false)
            }
        }
    }

    private static var changingReason: String { "The file's attributes are being changed." }

    private enum CountingIn {
        case turnedOn, alreadyOn
        /// Attributes of the file changed since they were looked at.
        case attributesChanged
        case handleClosed
        case outdated
    }

    private func countIn(
        _ file: FileObject, _ ticket: EnableTicket, ifStill changes: UInt64
    ) -> CountingIn {
        state.change { state in
            // Only the first ENABLE of a file object counts, and none on a closed one.
            guard !file.isClosed else { return .handleClosed }
            guard !file.isBypassEnabled else { return .alreadyOn }
            let counting: CountingIn = file.stream.control.change { control in
                guard ticket.isValid(for: file, state, control) else { return .outdated }
                guard control.attributeChanges == changes, control.attributeChangesUnderWay == 0
                else { return .attributesChanged }
                control.bypassOpenCount += 1
                return .turnedOn
            }
            guard case .turnedOn = counting else { return counting }
            state.activeBypassCount += 1
            state.bypassed[ObjectIdentifier(file)] = WeakFileObject(file)
            if state.activeBypassCount == 1 { gate.open(.storageIdle) }
            // Last: a read may bypass from here on, and a pause must find it counted.
            file.setBypassEnabled(true)
            return .turnedOn
        }
    }

    /// Takes back an ENABLE that turned bypass on and that a post callback then failed or refused, as
    /// `FltCancelFileOpen` does an open: a DISABLE goes to those below that filter, who saw it succeed.
    func undoEnable(_ data: CallbackData) {
        guard let file = data.fileObject else { return }
        if let input = try? FSBypassIOInput(operation: .disable).encodedBytes() {
            let parameters = FileSystemControlParameters(
                code: .manageBypassIO, input: input, outputLength: FSBypassIOOutput.size)
            carry(
                CallbackData(
                    .fileSystemControl(parameters), fileObject: file, requestor: .kernel),
                below: file.entrance(below: data.succeededAt))
        }
        // A filter in between may have kept the DISABLE to itself.
        if file.isBypassEnabled { try? disable(file) }
    }

    /// Throws where reads take longer than ``drainLimit``, or the program was interrupted. Bypass is
    /// disabled all the same, and what is left to do happens when the reads are done.
    private func disable(_ file: FileObject) throws(IOFailure) {
        let wasEnabled = state.change { state in
            file.countDisable()
            return countOut(file, &state)
        }
        guard wasEnabled else { return }
        var made: DrainBound?
        defer { made?.finish() }
        func bound() -> DrainBound? { newBound(&made) }
        var end = settle(file.stream, until: bound)
        if end == .drained { end = reconcileStorage(until: bound) }
        if end == .drained {
            // A DISABLE is not refused: reads that the host will not stop go on.
            end = (try? settleKernelReads(of: file.stream, until: bound)) ?? .drained
        }
        guard let failure = end.failure else { return }
        let stream = file.stream
        DispatchQueue(label: "bypassio.disable").async { [self] in
            settleAndReconcile(stream)
            _ = try? settleKernelReads(of: stream)
        }
        throw failure
    }

    /// Ends the file object's handle and its bypass; false if somebody had ended it before.
    func endHandle(_ file: FileObject) -> Bool {
        let (isFirst, wasEnabled) = state.withLock { state in
            guard file.setClosed() else { return (false, false) }
            return (true, countOut(file, &state))
        }
        if isFirst { file.leaveKernelReads() }
        if wasEnabled { settleAndReconcile(file.stream) }
        return isFirst
    }

    /// Waits for the stream's bypassed reads, so that none is in flight after a DISABLE or a close.
    private func settleAndReconcile(_ stream: Stream) {
        settle(stream)
        reconcileStorage()
    }

    /// A file object that was dropped without ``FileObject/close()``; no read of it is in flight, but
    /// those of others whose DISABLEs are under way may be.
    func forget(_ file: FileObject) {
        file.leaveKernelReads()
        if state.withLock({ countOut(file, &$0) }) { reconcileStorage() }
        countOutCachedUses(of: file)
        if closeStream(of: file) { file.stream.contexts.removeAll { _ in true } }
    }

    /// Returns whether bypass was enabled.
    private func countOut(_ file: FileObject, _ state: inout State) -> Bool {
        guard file.isBypassEnabled else { return false }
        file.setBypassEnabled(false)
        state.bypassed[ObjectIdentifier(file)] = nil
        state.activeBypassCount -= 1
        assert(state.activeBypassCount == state.bypassed.count)
        if state.activeBypassCount == 0 { gate.close(.storageIdle) }
        file.stream.control.withLock { control in
            control.bypassOpenCount -= 1
            // The last one gone leaves a pause nothing to hold (spec 4.4: a pause is ignored where
            // bypass is not enabled).
            guard control.bypassOpenCount == 0 else { return }
            control.lastDisables += 1
            guard control.isPaused else { return }
            control.isPaused = false
            file.stream.gate.open(.paused)
        }
        return true
    }

    /// Keeps new bypassed reads out until those in flight are done.
    @discardableResult
    func settle(_ stream: Stream, until bound: DrainLimit = { nil }) -> DrainEnd {
        #if INTERLEAVING
            let mark = Interleaving.mark()
            defer { Interleaving.forget(since: mark) }
        #endif
        stream.control.change { control in
            control.settling += 1
            stream.gate.close(.settling)
        }
        let end = stream.gate.drain(.settling, until: bound, advance: advanceOwnReads)
        stream.control.change { control in
            control.settling -= 1
            if control.settling == 0 { stream.gate.open(.settling) }
        }
        return end
    }

    // MARK: QUERY and GET_INFO

    /// Spec 6.5: ENABLE tells the verdict of filters and file system, QUERY also that of volume
    /// and storage drivers unless told to skip them.
    private func query(_ file: FileObject, flags: BypassIOInputFlags) -> BypassVeto? {
        if let veto = fileSystemVeto(of: file, for: .query) { return veto }
        return flags.contains(.skipStorageStackQuery) ? nil : stack.manageBypassIO(.query)
    }

    private func information() -> BypassIOInfo {
        BypassIOInfo(
            activeBypassIOCount: UInt32(clamping: activeBypassCount),
            storageDriverName: DriverName(truncating: stack.storage.name))
    }

    // MARK: The storage stack

    /// Sends IOCTL_STORAGE_MANAGE_BYPASS_IO on the 0→1 and 1→0 transitions of the volume's count
    /// (spec 4.5). If nobody below refuses, reads may skip the volume drivers; if somebody does,
    /// the bypass is partial. The drivers are told DISABLE when they see every read again.
    @discardableResult
    private func reconcileStorage(until bound: DrainLimit = { nil }) -> DrainEnd {
        #if INTERLEAVING
            let mark = Interleaving.mark()
            defer { Interleaving.forget(since: mark) }
        #endif
        while true {
            switch tellStorage() {
            case .unchanged: return .drained
            case .told:
                // Whether the kernel may skip the drivers depends on their answer.
                return (try? settleKernelReads(until: bound)) ?? .drained
            case .busy:
                // Not under the transition's lock: who waits for it may be the one that reads.
                let end = gate.drain(
                    .storageBypass, .storageIdle, until: bound, advance: advanceOwnReads)
                if end != .drained { return end }
            }
        }
    }

    private enum StorageNews {
        case unchanged, told
        /// A DISABLE is due, and reads still skip the volume drivers.
        case busy
    }

    private func tellStorage() -> StorageNews {
        storageTransition.withLock { isStorageEnabled in
            let (isWanted, isBusy) = state.withLock { state in
                let isWanted = state.activeBypassCount > 0
                // Looked at where it counts: any DISABLE may find the volume's count at zero, also
                // one that was not the last and waited for its own stream only. With the count at
                // zero nobody begins to skip.
                let isBusy = gate.readsInside(.storageBypass) > 0
                // With the count, so that an ENABLE that comes now waits for its turn here. One that
                // comes while a DISABLE still waits finds things as it wants them.
                if !isWanted, !isBusy { gate.close(.storageRefused) }
                return (isWanted, isBusy)
            }
            guard isWanted != isStorageEnabled else { return .unchanged }
            if !isWanted, isBusy { return .busy }
            isStorageEnabled = isWanted
            if isWanted {
                if stack.manageBypassIO(.enable) == nil { gate.open(.storageRefused) }
            } else {
                _ = stack.manageBypassIO(.disable)
            }
            return .told
        }
    }
}
