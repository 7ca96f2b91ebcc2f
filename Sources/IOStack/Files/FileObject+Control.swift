public import BypassIOProtocol

extension FileObject {
    /// `ZwFsControlFile(FileHandle, …, IoStatusBlock, FsControlCode, InputBuffer,
    /// InputBufferLength, OutputBuffer, OutputBufferLength)`: a file-system control that enters at
    /// the top of the stack.
    ///
    /// Event, ApcRoutine and ApcContext are left out: the call returns when the control is done.
    /// The lengths are those of `input` and `output`. On success `information` bytes of `output`
    /// are written, on failure none; the rest stays unchanged. A BypassIO control that breaks spec
    /// 6.3 is refused here, before a filter sees it.
    public func fsControl(
        _ code: ControlCode, input: Span<UInt8>, output: inout MutableSpan<UInt8>,
        requestor: Requestor? = nil
    ) -> IOStatusBlock {
        control(code, input: input, output: &output, requestor: requestor, below: nil)
    }

    func control(
        _ code: ControlCode, input: Span<UInt8>, output: inout MutableSpan<UInt8>,
        requestor: Requestor?, below instance: FilterInstance?
    ) -> IOStatusBlock {
        do throws(IOFailure) {
            let (bytes, status) = try controlOutput(
                code, input: input, outputLength: output.count, requestor: requestor,
                below: instance)
            output.copy(bytes.span)
            // A success or, from a filter's or file system's own code, a warning.
            return IOStatusBlock(status, information: bytes.count)
        } catch {
            return IOStatusBlock(error)
        }
    }

    private func controlOutput(
        _ code: ControlCode, input: Span<UInt8>, outputLength: Int, requestor: Requestor?,
        below instance: FilterInstance?
    ) throws(IOFailure) -> ([UInt8], NTStatus) {
        if isGone(for: instance) { throw IOFailure(.fileClosed) }
        var isEnable = false
        if code == .manageBypassIO {
            let asked: FSBypassIOInput
            do throws(NTStatus) {
                asked = try FSBypassIOInput.validated(
                    controlCode: code, input: input, outputLength: outputLength)
            } catch {
                throw IOFailure(error)
            }
            isEnable = asked.operation == .enable
            if instance == nil, let output = try unfilteredOutput(of: asked, requestor) {
                return (output, .success)
            }
        }
        let parameters = FileSystemControlParameters(
            code: code, input: [UInt8](copying: input),
            outputLength: outputLength)
        let answer = try carryControl(
            .fileSystemControl(parameters), isEnable: isEnable,
            requestor: requestor ?? self.requestor, below: instance)
        guard case .bytes(let bytes) = answer.result else { return ([], answer.ioStatus.status) }
        // A filter may have returned more than fits.
        guard bytes.count <= outputLength else { throw IOFailure(.bufferTooSmall) }
        return (bytes, answer.ioStatus.status)
    }

    /// Carries a control. An ENABLE from which bypass was withdrawn meanwhile is sent again from
    /// where it began, as a new request (``EnableTicket``).
    private func carryControl(
        _ parameters: IOParameters, isEnable: Bool, requestor: Requestor,
        below instance: FilterInstance?
    ) throws(IOFailure) -> (result: IOResult, ioStatus: IOStatusBlock) {
        guard retain(for: instance) else { throw IOFailure(.fileClosed) }
        defer { release() }
        var needsTicket = isEnable
        var attempt = 1
        let memory = StepMemory()
        while true {
            let ticket = needsTicket ? volume.beginEnable(of: self) : nil
            let (result, ioStatus, isOutdated) = SpareRequest.with(
                parameters, fileObject: self, requestor: requestor
            ) { data in
                if instance != nil { data.flags.insert(.generatedIO) }
                if attempt > 1 { data.flags.insert(.reissued) }
                data.enableTicket = ticket
                volume.carry(data, below: entrance(below: instance))
                return (data.result, data.ioStatus, data.isEnableOutdated)
            }
            if ticket != nil { volume.endEnable(of: self) }
            if isOutdated, attempt < EnableTicket.attempts {
                attempt += 1
                needsTicket = true
                memory.forget(but: attempt)
                continue
            }
            if let failure = ioStatus.failure { throw failure }
            return (result, ioStatus)
        }
    }

    private func unfilteredOutput(
        of asked: FSBypassIOInput, _ requestor: Requestor?
    ) throws(IOFailure) -> [UInt8]? {
        guard retain() else { throw IOFailure(.fileClosed) }
        defer { release() }
        return try volume.unfilteredOutput(of: asked, self, requestor ?? self.requestor)
    }

    /// Sends a BypassIO control from the top and decodes the answer.
    ///
    /// A veto is not an error: it is in `FSBypassIOOutput.results`. Throws the status of a request
    /// that failed as a whole.
    public func bypassIO(
        _ operation: BypassIOOperation, flags: BypassIOInputFlags = [],
        requestor: Requestor? = nil
    ) throws(IOFailure) -> FSBypassIOOutput {
        try bypassIO(operation, flags: flags, requestor: requestor, below: nil)
    }

    func bypassIO(
        _ operation: BypassIOOperation, flags: BypassIOInputFlags, requestor: Requestor?,
        below instance: FilterInstance?
    ) throws(IOFailure) -> FSBypassIOOutput {
        let memory = StepMemory()
        let output = try sentBypassIO(operation, flags, requestor, below: instance)
        memory.forget(but: output)
        return output
    }

    private func sentBypassIO(
        _ operation: BypassIOOperation, _ flags: BypassIOInputFlags, _ requestor: Requestor?,
        below instance: FilterInstance?
    ) throws(IOFailure) -> FSBypassIOOutput {
        let input = FSBypassIOInput(operation: operation, flags: flags)
        guard let bytes = try? input.encodedBytes() else { throw IOFailure(.invalidParameter) }
        let (answer, _) = try controlOutput(
            .manageBypassIO, input: bytes.span, outputLength: FSBypassIOOutput.size,
            requestor: requestor, below: instance)
        guard let output = try? FSBypassIOOutput(decoding: answer.span) else {
            throw IOFailure(.invalidParameter)
        }
        return output
    }

    /// The QUERY that a resume sends from within its own request (spec 4.4).
    func queryFromTop(flags: BypassIOInputFlags) -> BypassIOResults {
        let memory = StepMemory()
        let results = resultsFromTop(flags: flags)
        memory.forget(but: results)
        return results
    }

    private func resultsFromTop(flags: BypassIOInputFlags) -> BypassIOResults {
        do throws(IOFailure) {
            return try bypassIO(.query, flags: flags, requestor: .kernel).results
                ?? BypassIOResults(status: .invalidDeviceRequest)
        } catch {
            // A filter failed the QUERY outright: a refusal without a name.
            return BypassIOResults(status: error.status)
        }
    }
}

extension FilterInstance {
    /// `FltFsControlFile(Instance, FileObject, FsControlCode, …)`: a file-system control that
    /// enters below this instance, so that only lower filters and the file system see it. A filter
    /// sends STREAM_PAUSE so (spec 4.4).
    ///
    /// Lengths and output as in ``FileObject/fsControl(_:input:output:requestor:)``. Also valid on
    /// a file object whose last handle is closed, from the callbacks of its cleanup. Fails with
    /// `NTStatus.fltDeletingObject` once the instance is being detached, and with
    /// `NTStatus.invalidParameter` for a file object of another volume.
    public func fsControl(
        _ file: FileObject, _ code: ControlCode, input: Span<UInt8>,
        output: inout MutableSpan<UInt8>
    ) -> IOStatusBlock {
        do throws(NTStatus) {
            try enter(file)
        } catch {
            return IOStatusBlock(error)
        }
        defer { rundown.leave() }
        return file.control(
            code, input: input, output: &output, requestor: .kernel, below: self)
    }

    /// Sends a BypassIO control from below this instance and decodes the answer.
    public func bypassIO(
        _ operation: BypassIOOperation, on file: FileObject, flags: BypassIOInputFlags = []
    ) throws(IOFailure) -> FSBypassIOOutput {
        do throws(NTStatus) {
            try enter(file)
        } catch {
            throw IOFailure(error)
        }
        defer { rundown.leave() }
        return try file.bypassIO(operation, flags: flags, requestor: .kernel, below: self)
    }

    private func enter(_ file: FileObject) throws(NTStatus) {
        guard file.volume === volume else { throw .invalidParameter }
        guard rundown.enter() else { throw .fltDeletingObject }
    }
}
