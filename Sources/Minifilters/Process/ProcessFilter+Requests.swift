import BypassIOProtocol
public import IOStack
import SystemPackage

extension ProcessFilter: PreOpenFilter, PreReadFilter, PreWriteFilter, PreChangeFilter,
    BypassFilter
{
    /// Looks at names, by which nobody gets data, are not asked about.
    public func willOpen(_ open: PreOpen) -> PreOperationAnswer {
        // The look-up below is for those alone that are told what it finds.
        guard mayAsk([.open, .create]) else { return .passAndForget }
        let parameters = open.parameters
        let mayCreate = parameters.disposition.mayCreate && parameters.fileID == nil
        guard mayCreate || !parameters.options.contains(.attributesOnly) else {
            return .passAndForget
        }
        let isNew = mayCreate && FoundFile(parameters, open.instance) == nil
        guard isNew || !parameters.options.contains(.attributesOnly) else {
            return .passAndForget
        }
        var access: [String] = []
        if parameters.access.contains(.read) { access.append("read") }
        if parameters.access.contains(.write) || parameters.disposition.truncates {
            access.append("write")
        }
        return consider(open, isNew ? .create : .open, open.path, access: access)
    }

    public func willRead(_ read: PreRead) -> PreOperationAnswer {
        consider(
            read, .read, read.file.openedPath, offset: read.offset, length: read.length)
    }

    public func willWrite(_ write: PreWrite) -> PreOperationAnswer {
        consider(
            write, .write, write.file.openedPath, offset: write.offset, length: write.length)
    }

    public func willChange(_ request: PreChange) -> PreOperationAnswer {
        let file = request.file
        switch request.change {
        case .rename(let from, let to, let directory, _):
            return consider(
                request, .rename, file.path(of: from), newPath: directory.path(of: to))
        case .link(let name, let directory):
            return consider(
                request, .link, file.openedPath, newPath: directory.path(of: name))
        case .unlink(let name, _): return consider(request, .remove, file.path(of: name))
        case .endOfFile(let size):
            return consider(request, .write, file.openedPath, offset: size)
        case .allocation: return consider(request, .write, file.openedPath)
        case .permissions, .owner, .times, .attributes, .flags:
            return consider(request, .change, file.openedPath)
        }
    }

    /// Extended attributes, which have no method.
    public var otherOperations: [OperationRegistration] {
        [
            OperationRegistration(
                .setEA,
                preOperation: { [self] data, instance in
                    guard let file = data.fileObject else { return .successNoCallback }
                    let request = PlainPolicyRequest(data: data, instance: instance)
                    switch consider(request, .change, file.openedPath) {
                    case .fail(let status):
                        data.fail(status)
                        return .complete
                    case .pend: return .pending
                    default: return .successNoCallback
                    }
                })
        ]
    }

    public func bypass(_ question: BypassQuestion) -> BypassAnswer {
        guard question.file.stream.kind == .file,
            let program = reader(of: question.file.openedPath)
        else { return .pass }
        return .veto(
            .notSupportedWithMonitoring, reason: "The program \(program) watches its reads.")
    }
}
