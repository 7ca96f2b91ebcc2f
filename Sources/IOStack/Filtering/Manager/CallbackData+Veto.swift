public import BypassIOProtocol

extension CallbackData {
    /// `FltVetoBypassIo(CallbackData, FltObjects, OperationStatus, FailureReason)`: refuses the
    /// ENABLE or QUERY that this request carries, in the name of `instance`'s filter.
    ///
    /// Called from the pre callback of `instance`, or while the filter keeps the request pended.
    /// The request ends there, with STATUS_SUCCESS and the veto in OpStatus, or with the error that
    /// this returned. Whatever the callback returns then counts as ``PreOperationResult/complete``,
    /// so a veto cannot be lost. A call from anywhere else changes nothing. `reason` is one English
    /// sentence, cut to 128 UTF-16 units.
    ///
    /// Returns `NTStatus.success` or, in this order (nf-fltkernel-fltvetobypassio):
    /// `NTStatus.notSupported` outside a pre callback of `instance` or for anything but ENABLE and
    /// QUERY, `NTStatus.invalidBufferSize` if the input is too short, `NTStatus.bufferTooSmall` if
    /// the output is, `NTStatus.invalidParameter3` if `status` is no error,
    /// `NTStatus.invalidParameter4` if `reason` is empty.
    @discardableResult
    public func vetoBypassIO(
        _ instance: FilterInstance, status: NTStatus, reason: String
    ) -> NTStatus {
        let answer = checkVeto(instance, status: status, reason: reason)
        guard preOperationInstance === instance else { return answer }
        if answer.isSuccess {
            completeControl(
                with: BypassVeto(driver: instance.filter.name, status: status, reason: reason))
        } else {
            fail(answer)
        }
        // For a request that cannot be vetoed, the callback's result still counts.
        isRefused = bypassIOQuestion != nil
        return answer
    }

    /// The pre callback's effective result: after a veto the request is complete.
    func heedingVeto(_ result: PreOperationResult) -> PreOperationResult {
        guard isRefused else { return result }
        isRefused = false
        return .complete
    }

    private func checkVeto(
        _ instance: FilterInstance, status: NTStatus, reason: String
    ) -> NTStatus {
        guard case .fileSystemControl(let control) = parameters,
            control.code == .manageBypassIO, preOperationInstance === instance
        else { return .notSupported }
        guard control.input.count >= FSBypassIOInput.size else { return .invalidBufferSize }
        guard let operation = bypassIOQuestion else { return .notSupported }
        guard control.outputLength >= operation.minimumOutputSize ?? FSBypassIOOutput.size else {
            return .bufferTooSmall
        }
        guard status.isError else { return .invalidParameter3 }
        guard !reason.isEmpty else { return .invalidParameter4 }
        return .success
    }

    /// ENABLE or QUERY, the two operations that may be vetoed; nil for other requests.
    public var bypassIOQuestion: BypassIOOperation? {
        guard let operation = bypassIOInput?.operation,
            operation == .enable || operation == .query
        else { return nil }
        return operation
    }

    /// The request's BypassIO control; nil if it has none that can be read.
    public var bypassIOInput: FSBypassIOInput? {
        guard case .fileSystemControl(let control) = parameters, control.code == .manageBypassIO
        else { return nil }
        return try? FSBypassIOInput(decoding: control.input.span)
    }

    /// The verdict of all layers below, for post callbacks. nil if the request failed, or was none
    /// of ENABLE, QUERY and the two resumes.
    public var bypassIOVerdict: BypassIOResults? {
        guard bypassIOInput != nil, ioStatus.status.isSuccess, case .bytes(let output) = result,
            let decoded = try? FSBypassIOOutput(decoding: output.span),
            case .results(let results) = decoded.body
        else { return nil }
        return results
    }

    /// Whether a request that can be undone has succeeded, as the post callbacks so far have left
    /// it.
    var hasSucceeded: Bool {
        guard ioStatus.status.isSuccess, majorFunction != .create else {
            return ioStatus.status.isSuccess
        }
        return bypassIOVerdict?.status.isError == false
    }

    /// Ends a BypassIO control with STATUS_SUCCESS and a veto (spec 6.2).
    func completeControl(with veto: BypassVeto) {
        guard let operation = bypassIOInput?.operation else { return }
        let flags = fileObject?.bypassOutputFlags(for: operation) ?? []
        completeControl(operation, flags: flags, ControlAnswer(veto))
    }

    func completeControl(
        _ operation: BypassIOOperation, flags: BypassIOOutputFlags = [], _ answer: ControlAnswer
    ) {
        do throws(WireError) {
            let bytes = try answer.encoded(for: operation, flags: flags)
            result = .bytes(bytes)
            ioStatus = IOStatusBlock(.success, information: bytes.count)
        } catch {
            fail(.invalidParameter)
        }
    }
}
