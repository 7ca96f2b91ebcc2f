import BypassIOProtocol

extension FileObject {
    /// The answer of every layer to a QUERY of this file object, top to bottom: each filter, the
    /// file system, each volume driver, the storage driver. Windows reports only the first veto.
    ///
    /// Each filter is asked by itself, with a request that no other layer sees. A filter that pends
    /// the request is waited for. Throws `NTStatus.fileClosed` after ``close()``.
    public func explainBypassIO() throws(IOFailure) -> [LayerAnswer] {
        guard retain() else { throw IOFailure(.fileClosed) }
        defer { release() }
        var answers: [LayerAnswer] = []
        for instance in volume.instances {
            answers.append(
                LayerAnswer(
                    layer: .filter, driver: instance.filter.name, altitude: instance.altitude,
                    veto: try veto(of: instance)))
        }
        answers.append(
            LayerAnswer(
                layer: .fileSystem, driver: volume.fileSystem.name,
                veto: volume.fileSystemVeto(of: self, for: .query)))
        return answers + volume.stack.answers(to: .query)
    }

    private func veto(of instance: FilterInstance) throws(IOFailure) -> BypassVeto? {
        guard instance.filter.isOptedIn else { return .notOptedIn(filter: instance.filter.name) }
        if let withdrawn = instance.withdrawn.veto(of: stream) { return withdrawn }
        let row = instance.filter.registration.operations.first {
            $0.majorFunction == .fileSystemControl
        }
        guard let callback = row?.preOperation else { return nil }
        guard let input = try? FSBypassIOInput(operation: .query).encodedBytes() else {
            throw IOFailure(.invalidParameter)
        }
        let data = CallbackData(
            .fileSystemControl(
                FileSystemControlParameters(
                    code: .manageBypassIO, input: input, outputLength: FSBypassIOOutput.size)),
            fileObject: self, requestor: .kernel)
        // An instance that is being detached does not veto any more.
        guard instance.rundown.enter() else { return nil }
        defer { instance.rundown.leave() }
        data.preOperationInstance = instance
        instance.countPreCallback()
        var result = callback(data, instance)
        while case .pending = result {
            let keeper = RequestParking.Keeper(instance, .down)
            guard
                case .preOperation(let later) = data.parking.wait(
                    for: keeper, advance: { volume.advanceOwnReads() })
            else { break }
            result = later
        }
        data.preOperationInstance = nil
        switch data.heedingVeto(result) {
        case .complete: return data.veto(of: instance.filter)
        case .successWithCallback(let context), .synchronize(let context):
            // The callbacks belong together: the filter may have set something up for its post
            // callback.
            data.completeControl(.query, .success)
            data.flags.insert(.postOperation)
            instance.countPostCallback()
            _ = row?.postOperation?(data, instance, context)
            return nil
        case .successNoCallback, .pending: return nil
        }
    }
}

extension CallbackData {
    /// The veto with which a filter completed this request; nil if it completed it without a veto.
    fileprivate func veto(of filter: Minifilter) -> BypassVeto? {
        refuseUnfinishedStatus()
        if let failure = ioStatus.failure {
            return BypassVeto(
                driver: filter.name, status: failure.status,
                reason: "The minifilter failed the request.")
        }
        guard let verdict = bypassIOVerdict, verdict.status.isError else { return nil }
        return BypassVeto(verdict)
    }
}
