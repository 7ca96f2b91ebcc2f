import BypassIOProtocol
public import IOStack
import SystemPackage

// Opens, and new names that are made by them.
extension PolicyFilter: OpenFilter {
    public func willOpen(_ open: PreOpen) -> PreOperationAnswer {
        guard table.restricts, open.requestor.mode == .user, !open.isGenerated else {
            return .passAndForget
        }
        let parameters = open.parameters
        let mark = names.mark
        guard parameters.fileID == nil else { return numbered(open, mark) }
        if parameters.options.contains(.attributesOnly), !parameters.disposition.mayCreate {
            return look(open)
        }
        if let file = parameters.directory, file.isNameless, parameters.isNameless {
            let operations = parameters.operations(exists: true)
            return carryOut(
                decision(about: file, operations, open.instance, open.requestor), open,
                .passWith(.value(mark)))
        }
        let path = open.path
        guard !findsLinksLate(parameters, path) else {
            let decision = decide(
                path, names.names(of: path), parameters.operations(exists: true), open.requestor)
            return carryOut(decision, open, .passWith(.value(mark | Self.isLate)))
        }
        let known = FoundFile(parameters, open.instance)
        let operations = parameters.operations(exists: known != nil)
        let others = otherNames(of: path, known, open.instance)
        guard let others else {
            return carryOut(decideNameless(path, operations, open.requestor), open, .passAndForget)
        }
        var decision = decide(path, others, operations, open.requestor)
        if decision == nil, known == nil, case .symbolicLink = parameters.kind {
            decision = decideBelow(path, from: nil, [.create, .write], open.requestor)
        }
        return carryOut(decision, open, .passWith(.value(mark)))
    }

    /// Beside the mark: other links of the file have not been looked for.
    private static let isLate: UInt64 = 1 << 63

    /// An open that changes nothing is decided by its own name, and by other links once the file is
    /// open: then it is known whether it has some, without a question. Who is asked has to be asked
    /// before.
    private func findsLinksLate(_ parameters: CreateParameters, _ path: String) -> Bool {
        !parameters.disposition.mayCreate && !parameters.disposition.truncates && !table.asks
            && !path.hasPrefix("#") && !path.hasPrefix("…/")
    }

    /// An open for names and attributes: only what is hidden is not there.
    private func look(_ open: PreOpen) -> PreOperationAnswer {
        guard table.hides else { return .passAndForget }
        let path = open.path
        return isHidden(path, open.requestor) ? .fail(.objectNameNotFound) : .passAndForget
    }

    /// By its number, whatever it is called.
    private func numbered(_ open: PreOpen, _ mark: UInt64) -> PreOperationAnswer {
        let parameters = open.parameters
        guard let id = parameters.fileID,
            !parameters.options.contains(.attributesOnly)
        else { return .passAndForget }
        let operations = parameters.operations(exists: true)
        let found = NameWalk(open.instance).names(of: id)
        guard let first = found.first else {
            return carryOut(
                decideNameless(open.path, operations, open.requestor), open, .passAndForget)
        }
        let others = found.reduce(into: Set<String>()) { $0.formUnion(names.names(of: $1)) }
        return carryOut(
            decide(first, others, operations, open.requestor), open, .passWith(.value(mark)))
    }

    /// If names have changed since the decision, the file may have another by now; and it may have
    /// others of which the decision did not know.
    public func didOpen(_ open: PostOpen) {
        guard case .value(let mark) = open.context, !open.isDraining, open.isSuccess,
            let file = open.file, open.parameters.fileID == nil
        else { return }
        let isMissed =
            mark & Self.isLate != 0 && open.data.openedFile?.linkCount ?? 2 > 1
            && [.file, .other].contains(file.stream.kind)
        guard isMissed || names.mark != mark & ~Self.isLate else { return }
        let operations = open.parameters.operations(exists: true)
        guard let decision = decision(about: file, operations, open.instance, open.requestor)
        else { return }
        // A question cannot wait here: the file is open already.
        if case .fail(let status) = refuse(decision, .denied) { open.fail(status) }
    }

    /// nil for a file that has no name to judge it by.
    func otherNames(
        of path: String, _ known: FoundFile?, _ instance: FilterInstance
    ) -> Set<String>? {
        // A path that is too long has lost its beginning.
        guard !path.hasPrefix("…/") else { return nil }
        var others = names.names(of: path)
        if path.hasPrefix("#") {
            guard let paths = NameWalk(instance).paths(behindNumbered: path) else { return nil }
            for one in paths { others.formUnion(names.names(of: one)) }
        }
        guard let known, known.hasSeveralLinks else { return others }
        let links = names.links(of: known.id, or: path) { NameWalk(instance).linkedFiles() }
        for link in links { others.formUnion(names.names(of: link)) }
        return others
    }

    /// A name that look-ups and listings leave out.
    func isHidden(_ path: String, _ requestor: Requestor) -> Bool {
        names.names(of: path).contains { name in
            guard table.restricts(name) else { return false }
            return table.rule(for: name, .read, actor(requestor))?.action == .hide
        }
    }
}

extension CreateParameters {
    /// What an open does to a file that exists, or to the name of one that does not.
    fileprivate func operations(exists: Bool) -> PolicyOperations {
        var operations: PolicyOperations = []
        if !exists, disposition.mayCreate { operations.insert(.create) }
        // A file that has no name lies in no place that a rule could be for.
        if options.contains(.temporary) { return [.create] }
        guard !options.contains(.attributesOnly) else { return operations }
        if kind == .directory {
            if access.contains(.read) { operations.insert(.list) }
            return operations
        }
        if access.contains(.read) { operations.insert(.read) }
        if access.contains(.write) || (exists && disposition.truncates) {
            operations.insert(.write)
        }
        return operations
    }
}
