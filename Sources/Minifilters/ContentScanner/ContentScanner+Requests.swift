import BypassIOProtocol
public import IOStack

// MARK: Reads

extension ContentScanner: ReadFilter {
    /// A kernel read is checked before: its bytes never pass here.
    public func willRead(_ read: PreRead) -> PreOperationAnswer {
        guard read.isKernelRead else { return .pass }
        countRead()
        let file = read.file
        let holdsSignature =
            switch known(of: file, by: read.instance, lastingOnly: false) {
            case .clean: false
            case .infected: true
            case .unknown:
                holdsSignature(
                    file, at: read.offset, length: read.length, by: read.instance, read.requestor)
            }
        return holdsSignature ? .fail(.virusInfected) : .passAndForget
    }

    public func didRead(_ read: PostRead) {
        guard read.isSuccess, read.buffer != nil else { return }
        countRead()
        guard let found = read.withBytes({ firstMatch(in: $0) }) ?? nil else { return }
        let file = read.file
        verdictContext(on: file.stream, by: read.instance).condemn(
            found.name, in: FileVersion(of: file))
        tell(found, file, .read, read.requestor)
        // Neither the reader nor a filter above may see the bytes.
        _ = read.withMutableBytes { bytes in
            bytes.update(repeating: 0)
        }
        read.fail(.virusInfected)
        try? read.instance.bypass.pause(file)
    }
}

// MARK: Changes

extension ContentScanner: PostOpenFilter {
    /// After a truncation, earlier findings say nothing about the future content. While the file is
    /// open for writing, findings may become untrue at any time.
    public func didOpen(_ open: PostOpen) {
        guard let stream = open.file?.stream, stream.kind == .file else { return }
        let parameters = open.parameters
        let truncates = parameters.disposition.truncates
        guard truncates || parameters.access.contains(.write) else { return }
        let verdict = verdictContext(on: stream, by: open.instance)
        if truncates { verdict.forget() }
        verdict.beginWriting()
        keptVerdicts(of: open.instance)?.forget(stream.id)
    }
}

extension ContentScanner: WriteFilter, ChangeFilter {
    public func willWrite(_ write: PreWrite) -> PreOperationAnswer {
        beginChange(of: write.file, by: write.instance)
    }

    public func didWrite(_ write: PostWrite) { endChange(write.context) }

    public func willChange(_ request: PreChange) -> PreOperationAnswer {
        guard request.change.changesData else { return .passAndForget }
        return beginChange(of: request.file, by: request.instance)
    }

    public func didChange(_ change: PostChange) { endChange(change.context) }

    /// Vetoes first, then pauses, then lets the change through (spec 4.4). Every change pauses, not
    /// only the first change of a clean file: the first pause may still be waiting for reads in
    /// flight.
    private func beginChange(
        of file: FileObject, by instance: FilterInstance
    ) -> PreOperationAnswer {
        let verdict = verdictContext(on: file.stream, by: instance)
        verdict.beginChange()
        keptVerdicts(of: instance)?.forget(file.stream.id)
        do throws(IOFailure) {
            try instance.bypass.pause(file)
        } catch {
            // The filter is being detached and refuses no change any more.
            if error.status == .fltDeletingObject { return .passWith(.object(verdict)) }
            // Unpaused bypass would show unscanned bytes to other programs. The handle was closed,
            // or reads that are past the filter do not end.
            verdict.endChange()
            return .failAs(error)
        }
        return .passWith(.object(verdict))
    }

    private func endChange(_ context: CompletionContext) {
        if case .object(let verdict as ScanVerdict) = context { verdict.endChange() }
    }
}

extension FileChange {
    /// Whether bytes that a scan has seen may change.
    fileprivate var changesData: Bool {
        switch self {
        case .endOfFile, .allocation: true
        default: false
        }
    }
}

extension ContentScanner: BypassFilter, BypassResumeFilter {
    public func bypass(_ question: BypassQuestion) -> BypassAnswer {
        let file = question.file
        guard file.stream.kind == .file else { return .pass }
        return question.isEnable
            ? answerEnable(file, question.instance) : answerQuery(file, question.instance)
    }

    private func answerEnable(_ file: FileObject, _ instance: FilterInstance) -> BypassAnswer {
        let state = scan(file, by: instance)
        return state == .clean ? .pass : refuse(file, instance, state)
    }

    /// A QUERY takes no time and changes nothing. If the file has bypass and is not known to be
    /// clean, it was changed since its scan, and a resume must meet a veto here.
    private func answerQuery(_ file: FileObject, _ instance: FilterInstance) -> BypassAnswer {
        switch known(of: file, by: instance, lastingOnly: false) {
        case .clean: return .pass
        case .unknown where !file.stream.mayHaveBypass: return .pass
        case let state: return refuse(file, instance, state)
        }
    }

    private func refuse(
        _ file: FileObject, _ instance: FilterInstance, _ state: ScanVerdict.State
    ) -> BypassAnswer {
        guard case .infected(let signature) = state else {
            return .veto(
                .notSupportedWithMonitoring,
                reason: "The file was changed and is not scanned yet, or it cannot be read.")
        }
        try? instance.bypass.pause(file)
        return .veto(.virusInfected, reason: "The file holds the signature \(signature).")
    }

    /// The resume's QUERY uses the result of this scan.
    public func willResumeBypass(_ resume: BypassResume) {
        guard resume.file.stream.kind == .file, resume.file.stream.isPaused else { return }
        _ = scan(resume.file, by: resume.instance)
    }

    /// Files may have had bypass before the filter came. Each is paused, and its resume has it
    /// scanned.
    public func didAttach(_ instance: FilterInstance) {
        try? instance.bypass.pause()
        instance.bypass.resume()
    }
}
