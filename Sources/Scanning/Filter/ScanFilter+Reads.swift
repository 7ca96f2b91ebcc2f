import BypassIOProtocol
public import IOStack

/// Reads by handles that were open before the file was changed, or before the filter came.
extension ScanFilter: PreReadFilter {
    public func willRead(_ read: PreRead) -> PreOperationAnswer {
        let file = read.file
        // Whoever may write the file reads what it, or another writer, wrote.
        guard read.requestor.mode == .user, !read.isGenerated, file.stream.kind == .file,
            !file.access.contains(.write), !settings.excludes(file.openedPath)
        else { return .passAndForget }
        let wish = Wish(
            path: file.openedPath, file: file.stream.id, requestor: read.requestor)
        let context = context(of: file.stream, read.instance)
        let mark = context.mark
        guard let version = version(of: file) else {
            return answer(decide(.none("the file cannot be looked at"), wish))
        }
        let standing = standing(of: file.stream.id, version)
        if standing == .clean { return .passAndForget }
        if context.bears(version) {
            guard case .infected = standing, settings.action != .log else { return .passAndForget }
        }
        if let decision = decide(standing, wish) {
            if decision == .pass { context.bear(version, since: mark) }
            return answer(decision)
        }
        return wait(read, wish) { context.bear(version, since: mark) }
    }

    private func wait(
        _ read: PreRead, _ wish: Wish, bearing bear: @escaping @Sendable () -> Void
    ) -> PreOperationAnswer {
        let ticket = ask(
            about: read.file.stream, read.data, read.instance,
            { [self] in ownOpen(of: read.file, read.instance) }
        ) { [self] outcome in
            let decision = decide(outcome, wish)
            if decision == .pass { bear() }
            read.resume(answer(decision))
        }
        guard let ticket else {
            let decision = decide(noRoom(read.instance), wish)
            if decision == .pass { bear() }
            return answer(decision)
        }
        let cancel: @Sendable () -> Void = { [self] in desk.withdraw(ticket) }
        if read.data.setCancelHandler(read.instance, cancel) == .cancelled { cancel() }
        return .pend
    }

    private func answer(_ decision: ScanDecision) -> PreOperationAnswer {
        switch decision {
        case .pass: .passAndForget
        case .refuse(let status): .fail(status)
        }
    }
}
