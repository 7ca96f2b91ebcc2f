import BypassIOProtocol
public import IOStack

/// A file that is clean bypasses the filter, and so do those that it does not look at.
extension ScanFilter: BypassFilter {
    public func bypass(_ question: BypassQuestion) -> BypassAnswer {
        let file = question.file
        guard file.stream.kind == .file, !settings.excludes(file.openedPath) else { return .pass }
        guard let version = version(of: file) else {
            return refuse("The file cannot be looked at.")
        }
        switch standing(of: file.stream.id, version) {
        case .clean: return .pass
        case .infected(let name):
            return .veto(.virusInfected, reason: "The file holds the signature \(name).")
        case .limited(let name):
            return refuse("Not scanned: \(Self.limitWords(name)).")
        case .large: return refuse("Not scanned: the file is larger than maxsize.")
        case .unknown:
            if question.isEnable { examineSoon(file, question.instance) }
            guard let words = watch.away else { return refuse("The file is not scanned yet.") }
            return refuse("The file is not scanned: \(words).")
        }
    }

    private func refuse(_ words: String) -> BypassAnswer {
        .veto(.notSupportedWithMonitoring, reason: String(words.prefix(120)))
    }

    /// So that it may have bypass when it is asked for again.
    private func examineSoon(_ file: FileObject, _ instance: FilterInstance) {
        guard watch.away == nil, !desk.has(context(of: file.stream, instance)),
            let own = ownOpen(of: file, instance)
        else { return }
        examineLater(own, instance)
    }
}
