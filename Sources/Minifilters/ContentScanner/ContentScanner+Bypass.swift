import BypassIOProtocol
public import IOStack

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
