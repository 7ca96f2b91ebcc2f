import BypassIOProtocol
public import IOStack
import SystemPackage

/// Opens for reading: a file that is not known is scanned first.
///
/// Before the open the request can wait and its program can be interrupted. But a name may stand
/// for another file a moment later, so what counts is the file that was opened.
extension ScanFilter {
    public var otherOperations: [OperationRegistration] {
        [
            OperationRegistration(
                .create, preOperation: { [self] in willOpen($0, $1) },
                postOperation: { [self] in didOpen($0, $1, $2) }),
            OperationRegistration(
                .close,
                preOperation: { [self] data, instance in
                    if let file = data.fileObject { closed(file, instance) }
                    return .successNoCallback
                }),
        ]
    }

    /// What was decided before the open, and of what.
    private final class Settled: Sendable {
        let file: FileID
        let version: ScannedVersion
        /// Of ``RecentChanges``, from before the decision.
        let moment: UInt64

        init(_ file: FileID, _ version: ScannedVersion, _ moment: UInt64) {
            self.file = file
            self.version = version
            self.moment = moment
        }
    }

    // MARK: Before

    private func willOpen(_ data: CallbackData, _ instance: FilterInstance) -> PreOperationResult {
        guard case .create(let parameters) = data.parameters, !data.flags.contains(.generatedIO)
        else { return .successNoCallback }
        guard data.requestor.mode == .user, parameters.wantsData, !parameters.truncates else {
            // A file that is cut to nothing is looked at behind the open.
            return parameters.truncates ? .successWithCallback(.none) : .successNoCallback
        }
        let path = parameters.scannedPath
        guard !settings.excludes(path) else { return .successNoCallback }
        let moment = changes.moment
        guard let (file, version) = found(parameters, instance) else {
            return .successWithCallback(.none)
        }
        let settled = Settled(file, version, moment)
        let wish = Wish(path: path, file: file, requestor: data.requestor)
        let standing = standing(of: file, version)
        if let decision = decide(standing, wish) {
            if case .infected = standing { quarantineLater(parameters, instance) }
            return result(decision, settled, data)
        }
        return wait(data, instance, parameters, settled, wish)
    }

    private func result(
        _ decision: ScanDecision, _ settled: Settled, _ data: CallbackData
    ) -> PreOperationResult {
        switch decision {
        case .pass: return .successWithCallback(.object(settled))
        case .refuse(let status):
            data.fail(status)
            return .complete
        }
    }

    private func wait(
        _ data: CallbackData, _ instance: FilterInstance, _ parameters: CreateParameters,
        _ settled: Settled, _ wish: Wish
    ) -> PreOperationResult {
        guard let own = try? instance.open(parameters.forScan) else {
            return .successWithCallback(.none)
        }
        // Another file has the name by now: it is looked at behind the open.
        guard own.stream.kind == .file, own.stream.id == settled.file else {
            own.close()
            return .successWithCallback(.none)
        }
        let lent = LentFile(own)
        let ticket = ask(about: own.stream, data, instance, { lent.take() }) { [self] outcome in
            data.completePendedPreOperation(
                instance, result(decide(outcome, wish), settled, data))
        }
        lent.take()?.close()
        guard let ticket else {
            return result(decide(noRoom(instance), wish), settled, data)
        }
        if data.setCancelHandler(instance, { [self] in desk.withdraw(ticket) }) == .cancelled {
            desk.withdraw(ticket)
        }
        return .pending
    }

    /// The file that an open is about, without an open.
    private func found(
        _ parameters: CreateParameters, _ instance: FilterInstance
    ) -> (FileID, ScannedVersion)? {
        guard parameters.fileID == nil, let directory = parameters.directory else { return nil }
        let query: InformationQuery
        if parameters.path.isEmpty {
            query = .status
        } else if parameters.path.components.count == 1, let name = parameters.path.lastComponent {
            query = .entry(name)
        } else {
            return nil
        }
        guard case .information(let status)? = try? instance.query(query, of: directory),
            status.kind == .regularFile
        else { return nil }
        return (status.id, ScannedVersion(status))
    }

    private func quarantineLater(_ parameters: CreateParameters, _ instance: FilterInstance) {
        guard settings.action == .quarantine, let own = try? instance.open(parameters.forScan)
        else { return }
        guard own.stream.kind == .file, !desk.has(context(of: own.stream, instance)) else {
            return own.close()
        }
        examineLater(own, instance)
    }

    // MARK: Behind

    private func didOpen(
        _ data: CallbackData, _ instance: FilterInstance, _ context: CompletionContext
    ) -> PostOperationResult {
        guard !data.isDraining, data.ioStatus.status.isSuccess, let file = data.fileObject,
            file.stream.kind == .file, case .create(let parameters) = data.parameters
        else { return .finishedProcessing }
        if parameters.truncates {
            if case .passWith(let change) = beginChange(of: file, instance) { endChange(change) }
            return .finishedProcessing
        }
        let wish = Wish(
            path: file.openedPath, file: file.stream.id, requestor: data.requestor)
        let scanned = self.context(of: file.stream, instance)
        let mark = scanned.mark
        guard let version = version(of: file) else {
            return finish(data, decide(.none("the file cannot be looked at"), wish))
        }
        let standing = standing(of: file.stream.id, version)
        if standing == .clean { return .finishedProcessing }
        if case .object(let settled as Settled) = context, settled.file == file.stream.id,
            settled.version == version,
            !changes.has(settled.file, changedSince: settled.moment)
        {
            guard case .infected = standing, settings.action != .log else {
                scanned.bear(version, since: mark)
                return .finishedProcessing
            }
        }
        if let decision = decide(standing, wish) {
            if decision == .pass { scanned.bear(version, since: mark) }
            return finish(data, decision)
        }
        return hold(data, instance, file, wish) { scanned.bear(version, since: mark) }
    }

    private func finish(_ data: CallbackData, _ decision: ScanDecision) -> PostOperationResult {
        if case .refuse(let status) = decision { data.fail(status) }
        return .finishedProcessing
    }

    private func hold(
        _ data: CallbackData, _ instance: FilterInstance, _ file: FileObject, _ wish: Wish,
        bearing bear: @escaping @Sendable () -> Void
    ) -> PostOperationResult {
        let ticket = ask(
            about: file.stream, data, instance, { [self] in ownOpen(of: file, instance) }
        ) { [self] outcome in
            let decision = decide(outcome, wish)
            if case .refuse(let status) = decision { data.fail(status) }
            if decision == .pass { bear() }
            data.completePendedPostOperation(instance)
        }
        guard ticket != nil else {
            let decision = decide(noRoom(instance), wish)
            if decision == .pass { bear() }
            return finish(data, decision)
        }
        return .moreProcessingRequired
    }
}

/// An open of the filter's own, which one of two closes.
private final class LentFile: Sendable {
    private let file: Guarded<FileObject?>
    init(_ file: FileObject) { self.file = Guarded(file) }
    func take() -> FileObject? {
        file.withLock { file in
            defer { file = nil }
            return file
        }
    }
}

extension CreateParameters {
    /// Data may be read by it.
    fileprivate var wantsData: Bool {
        guard access.contains(.read), handed == nil, kind == .any || kind == .regularFile else {
            return false
        }
        return options.isDisjoint(with: [.attributesOnly, .temporary])
    }

    fileprivate var truncates: Bool { disposition.truncates && handed == nil }

    /// As the file will say it, without its end where it is too long for that.
    fileprivate var scannedPath: String {
        let base = directory?.openedPath ?? ""
        return base.isEmpty ? path.string : path.isEmpty ? base : "\(base)/\(path)"
    }

    /// The same file, for the filter.
    fileprivate var forScan: CreateParameters {
        CreateParameters(
            path: path, directory: directory, access: .read,
            options: options.intersection(.noFollow).union(.noAccessTime))
    }
}
