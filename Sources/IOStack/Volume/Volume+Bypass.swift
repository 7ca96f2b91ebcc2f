import BypassIOProtocol
import Dispatch

/// The file system's part of FSCTL_MANAGE_BYPASS_IO, after a control has passed every filter. It is
/// the same for every file system driver.
extension Volume {
    /// Answers a BypassIO control that reached the file system.
    func manageBypassIO(_ data: CallbackData, _ control: FileSystemControlParameters) {
        guard let file = data.fileObject else { return data.fail(.invalidParameter) }
        do throws(IOFailure) {
            let input: FSBypassIOInput
            do throws(NTStatus) {
                // Checked again after ``FileObject/fsControl(_:input:output:requestor:)``: a filter
                // above may have changed the control.
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

    /// The output of a control that no filter has callbacks for, without a request to carry; nil if
    /// a filter has, or was attached meanwhile, or somebody is told of layers.
    func unfilteredOutput(
        of input: FSBypassIOInput, _ file: FileObject, _ requestor: Requestor
    ) throws(IOFailure) -> [UInt8]? {
        let ticket = input.operation == .enable ? beginEnable(of: file) : nil
        defer { if ticket != nil { endEnable(of: file) } }
        guard currentChain.operations(for: .fileSystemControl).isEmpty, !layers.isOn else {
            return nil
        }
        let answer = try output(of: input, file, requestor, ticket)
        return answer.isOutdated ? nil : answer.bytes
    }

    /// `turnedOn`: it was an ENABLE, and bypass was not enabled before.
    private func output(
        of input: FSBypassIOInput, _ file: FileObject, _ requestor: Requestor,
        _ ticket: EnableTicket?
    ) throws(IOFailure) -> (bytes: [UInt8], isOutdated: Bool, turnedOn: Bool) {
        try checkRights(requestor, for: input.operation)
        let memory = StepMemory()
        let (answer, turnedOn) = try answer(input, file, ticket)
        memory.forget(but: turnedOn ? ~answer.hashValue : answer.hashValue)
        let flags = file.bypassOutputFlags(for: input.operation)
        do throws(WireError) {
            return (
                try answer.encoded(for: input.operation, flags: flags), answer.isOutdated, turnedOn
            )
        } catch {
            throw IOFailure(.invalidParameter)
        }
    }

    /// Throws if the host refused to stop the kernel's reads.
    private func answer(
        _ input: FSBypassIOInput, _ file: FileObject, _ ticket: EnableTicket?
    ) throws(IOFailure) -> (answer: ControlAnswer, turnedOn: Bool) {
        switch input.operation {
        case .enable: return try enable(file, ticket)
        case .query: return (ControlAnswer(query(file, flags: input.flags)), false)
        case .getInfo: return (.info(information()), false)
        default: break
        }
        let answer = try observing(input.operation, of: file) { () throws(IOFailure) in
            try change(input.operation, file)
        }
        return (answer, false)
    }

    private func change(
        _ operation: BypassIOOperation, _ file: FileObject
    ) throws(IOFailure) -> ControlAnswer {
        switch operation {
        case .disable: try disable(file)
        case .volumeStackPause: try bypass.pauseStorage(self)
        case .volumeStackResume: return ControlAnswer(bypass.resumeStorage(self))
        case .streamPause: try pause(file.stream)
        case .streamResume: return .results(resumeStream(of: file))
        // Unknown operations are refused earlier.
        default: throw IOFailure(.invalidParameter)
        }
        return .success
    }

    /// Spec 6.8: only an administrator of the volume may pause and resume the volume stack.
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
        // A filter made it out of another control, so the filters above were never asked.
        guard let ticket else { return (.outdated(askAgain), false) }
        let enabling = bypass.enable(
            file.handle, of: file, file.stream.bypass, ticket, self
        ) { fileSystemVeto(of: file, for: .enable) }
        switch enabling {
        case .turnedOn: return (.success, true)
        case .alreadyOn: return (.success, false)
        case .vetoed(let veto): return (ControlAnswer(veto), false)
        case .outdated: return (.outdated(askAgain), false)
        case .attributesAreChanging:
            let reason = "The file's attributes are being changed."
            return (ControlAnswer(veto(.sharingViolation, reason)), false)
        case .handleClosed: throw IOFailure(.fileClosed)
        }
    }

    /// ENABLE at the file system alone, of a file object that had bypass in another process.
    func adoptBypass(of file: FileObject) -> Bool {
        let ticket = beginEnable(of: file)
        defer { endEnable(of: file) }
        do throws(IOFailure) {
            _ = try enable(file, ticket)
        } catch {
            return false
        }
        return file.isBypassEnabled
    }

    func beginEnable(of file: FileObject) -> EnableTicket {
        bypass.beginEnable(of: file.handle, file.stream.bypass)
    }

    func endEnable(of file: FileObject) { bypass.endEnable(file.stream.bypass) }

    /// Filters' post callbacks find this verdict of an ENABLE that is sent again. So does the
    /// caller, after ``EnableTicket/attempts`` attempts.
    private var askAgain: BypassIOResults {
        veto(.retry, "Bypass was withdrawn while it was being enabled.").results
    }

    /// Takes back an ENABLE that turned bypass on but failed in a post callback or was refused
    /// there, as `FltCancelFileOpen` does an open. A DISABLE goes to the layers below that filter,
    /// which saw the ENABLE succeed.
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
        // A filter in between may not have passed the DISABLE on.
        if file.isBypassEnabled { try? disable(file) }
    }

    /// Throws if reads take longer than ``drainLimit``, or the program was interrupted. Bypass is
    /// disabled all the same; the rest happens when the reads are done.
    private func disable(_ file: FileObject) throws(IOFailure) {
        let stream = file.stream
        let house = StreamHouse(self, stream)
        let end = bypass.disable(file.handle, of: ObjectIdentifier(file), stream.bypass, house)
        guard let failure = end.failure else { return }
        DispatchQueue.runLater("bypassio.disable") { [self] in
            bypass.finishDisable(stream.bypass, house)
        }
        throw failure
    }

    /// Ends the file object's handle and its bypass; false if it was ended before.
    func endHandle(_ file: FileObject) -> Bool {
        let (isFirst, wasEnabled) = bypass.end(
            file.handle, of: ObjectIdentifier(file), file.stream.bypass)
        if isFirst { file.leaveKernelReads() }
        if wasEnabled { bypass.settleAndReconcile(file.stream.bypass, self) }
        return isFirst
    }

    /// Called for a file object that was dropped without ``FileObject/close()``.
    func forget(_ file: FileObject) {
        file.leaveKernelReads()
        bypass.forget(file.handle, of: ObjectIdentifier(file), file.stream.bypass, self)
        countOutCachedUses(of: file)
        if closeStream(of: file) { file.stream.contexts.removeAll { _ in true } }
    }

    // MARK: QUERY and GET_INFO

    /// Spec 6.5: ENABLE reports the verdict of filters and file system. QUERY also reports that of
    /// volume and storage drivers, unless the caller skips them.
    private func query(_ file: FileObject, flags: BypassIOInputFlags) -> BypassVeto? {
        if let veto = fileSystemVeto(of: file, for: .query) { return veto }
        return flags.contains(.skipStorageStackQuery) ? nil : stack.manageBypassIO(.query)
    }

    private func information() -> BypassIOInfo {
        BypassIOInfo(
            activeBypassIOCount: UInt32(clamping: activeBypassCount),
            storageDriverName: DriverName(truncating: stack.storage.name))
    }
}
