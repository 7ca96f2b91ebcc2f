import BypassIOProtocol
public import IOStack
import SystemPackage

// Changes of files and names.
extension PolicyFilter: ChangeFilter {
    public func willChange(_ request: PreChange) -> PreOperationAnswer {
        guard table.restricts, request.requestor.mode == .user, !request.isGenerated else {
            return .passAndForget
        }
        let file = request.file
        switch request.change {
        case .rename(let from, let to, let directory, let flags):
            guard canLose(to, in: directory, request.instance) else {
                return .fail(.insufficientResources)
            }
            return rename(request, file.path(of: from), directory.path(of: to), from, flags)
        case .link(let name, let directory):
            return link(request, directory.path(of: name))
        case .unlink(let name, _):
            let path = file.path(of: name)
            guard canLose(name, in: file, request.instance) else {
                return .fail(.insufficientResources)
            }
            let decision = decide(path, names.names(of: path), .remove, request.requestor)
            return carryOut(decision, request, .pass)
        case .endOfFile, .allocation:
            // Who may write may also cut: that was decided at the open.
            guard !file.access.contains(.write) else { return .passAndForget }
            return change(request, .write)
        case .permissions, .owner, .times, .attributes, .flags:
            return change(request, .change)
        }
    }

    private func change(
        _ request: PreChange, _ operation: PolicyOperations
    ) -> PreOperationAnswer {
        carryOut(
            decision(about: request.file, operation, request.instance, request.requestor),
            request, .passAndForget)
    }

    /// A change of a file that is open, perhaps for that alone.
    func decision(
        about file: FileObject, _ operation: PolicyOperations, _ instance: FilterInstance,
        _ requestor: Requestor
    ) -> PolicyDecision? {
        guard !file.isNameless else { return decision(aboutNameless: file, operation, requestor) }
        let path = file.openedPath
        guard let others = otherNames(of: path, FoundFile(file, instance), instance) else {
            return decideNameless(path, operation, requestor)
        }
        return decide(path, others, operation, requestor)
    }

    /// What it was called since it was opened; a file without any name lies in no place that a rule
    /// could be for.
    private func decision(
        aboutNameless file: FileObject, _ operation: PolicyOperations, _ requestor: Requestor
    ) -> PolicyDecision? {
        let links = names.links(of: file.stream.id)
        guard let first = links.min() else { return nil }
        let others = links.reduce(into: Set<String>()) { $0.formUnion(names.names(of: $1)) }
        return decide(first, others, operation, requestor)
    }

    // MARK: Links

    private func link(_ request: PreChange, _ newPath: String) -> PreOperationAnswer {
        let decision = PolicyDecision.stricter(
            decision(about: request.file, .rename, request.instance, request.requestor),
            decide(newPath, names.names(of: newPath), .create, request.requestor))
        // An open by the new name may come before the end of this request does.
        guard names.willLink(request.file.stream.id, at: request.file.namedPath) else {
            return .fail(.insufficientResources)
        }
        return carryOut(decision, request, .pass)
    }

    /// A file is about to lose a name. If a rule is for that, its other links are found while it
    /// has it: afterwards nothing says that they lead to the same file. False where no room is left
    /// to remember it for them.
    private func canLose(
        _ name: FilePath.Component, in directory: FileObject, _ instance: FilterInstance
    ) -> Bool {
        let path = directory.path(of: name)
        guard names.names(of: path).contains(where: { table.restricts($0) }) else { return true }
        _ = otherNames(of: path, FoundFile(name, in: directory, instance), instance)
        return names.canLose(path)
    }

    // MARK: Renames

    private func rename(
        _ request: PreChange, _ path: String, _ newPath: String, _ name: FilePath.Component,
        _ flags: FileChange.RenameFlags
    ) -> PreOperationAnswer {
        let requestor = request.requestor
        let moved = FoundFile(name, in: request.file, request.instance)
        let isExchange = flags.contains(.exchange)
        guard let others = otherNames(of: path, moved, request.instance) else {
            return carryOut(
                decideNameless(path, .rename, requestor), request, .passAndForget)
        }
        var decision = PolicyDecision.stricter(
            decide(path, others, .rename, requestor),
            decide(
                newPath, names.names(of: newPath), isExchange ? .rename : .create, requestor))
        let isDirectory = moved?.isDirectory ?? false
        if decision == nil {
            decision = decideBelow(newPath, from: path, [.create, .write], requestor)
            if decision == nil, isExchange {
                decision = decideBelow(path, from: newPath, [.create, .write], requestor)
            }
            // A file has nothing below.
            if decision != nil, !isDirectory, !isExchange { decision = nil }
        }
        let change = PolicyRename(
            path: path, newPath: newPath, isDirectory: isDirectory, isExchange: isExchange)
        guard isTold(path, newPath, isDirectory || isExchange) else {
            return carryOut(decision, request, .passWith(.object(change)))
        }
        change.known = names.willRename(path, to: newPath, isDirectory: isDirectory || isExchange)
        guard change.known != nil else { return .fail(.insufficientResources) }
        let answer = carryOut(decision, request, .passWith(.object(change)))
        if case .fail = answer { change.end(names, isDone: false) }
        return answer
    }

    /// It matters to a rule that the file was, or is, called otherwise.
    private func isTold(_ path: String, _ newPath: String, _ isDirectory: Bool) -> Bool {
        names.names(of: path).contains { table.restricts($0) }
            || (isDirectory && table.tells(path, from: newPath))
            || (isDirectory && names.hasOthers(below: path))
    }

    public func didChange(_ request: PostChange) {
        if case .object(let change as PolicyRename) = request.context {
            return change.end(names, isDone: !request.isDraining && request.isSuccess)
        }
        guard !request.isDraining, request.isSuccess else { return }
        switch request.change {
        case .unlink(let name, _): names.removed(request.file.path(of: name))
        case .link(let name, let directory):
            names.linked(
                request.file.stream.id, from: request.file.namedPath, to: directory.path(of: name))
        default: break
        }
    }

    /// Extended attributes, which have no method.
    public var otherOperations: [OperationRegistration] {
        var rows = [
            OperationRegistration(
                .setEA,
                preOperation: { [self] data, instance in setAttribute(data, instance) })
        ]
        if table.hides { rows += listings }
        return rows
    }

    private func setAttribute(
        _ data: CallbackData, _ instance: FilterInstance
    ) -> PreOperationResult {
        guard data.requestor.mode == .user, !data.flags.contains(.generatedIO),
            let file = data.fileObject
        else { return .successNoCallback }
        let request = PlainPolicyRequest(data: data, instance: instance)
        let decision = decision(about: file, .change, instance, data.requestor)
        switch carryOut(decision, request, .passAndForget) {
        case .fail(let status):
            data.fail(status)
            return .complete
        case .pend: return .pending
        default: return .successNoCallback
        }
    }
}

/// A rename on its way, until its end is known.
///
/// One thread carries the request, and a question's answer hands it on.
private final class PolicyRename: Sendable {
    private let path: String
    private let newPath: String
    private let isDirectory: Bool
    private let isExchange: Bool
    private let state = Guarded<KnownNames.Change?>(nil)

    var known: KnownNames.Change? {
        get { state.withLock { $0 } }
        set { state.withLock { $0 = newValue } }
    }

    init(path: String, newPath: String, isDirectory: Bool, isExchange: Bool) {
        self.path = path
        self.newPath = newPath
        self.isDirectory = isDirectory
        self.isExchange = isExchange
    }

    func end(_ names: KnownNames, isDone: Bool) {
        if let known {
            // Of an exchange both names go on to mean both files.
            if isDone, !isExchange {
                names.didRename(known, isDone: true, isDirectory: isDirectory)
            } else if !isDone {
                names.didRename(known, isDone: false, isDirectory: isDirectory)
            }
        }
        if isDone {
            names.renamedLinks(path, to: newPath, isDirectory: isDirectory || isExchange)
        }
    }
}

/// The view of a request that has no view of its own.
struct PlainPolicyRequest: PreOperation {
    let data: CallbackData
    let instance: FilterInstance
}

extension FileObject {
    /// nil for a file that was opened without a name.
    fileprivate var namedPath: String? { isNameless ? nil : openedPath }

    /// Of a name in a directory.
    func path(of name: FilePath.Component) -> String { path(of: name.string) }

    func path(of name: String) -> String {
        openedPath.isEmpty ? name : "\(openedPath)/\(name)"
    }
}
