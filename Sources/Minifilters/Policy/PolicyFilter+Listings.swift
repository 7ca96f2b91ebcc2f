import BypassIOProtocol
import IOStack
import SystemPackage

/// Look-ups and listings, for profiles that hide names.
extension PolicyFilter {
    var listings: [OperationRegistration] {
        [
            OperationRegistration(
                .queryInformation,
                preOperation: { [self] data, _ in lookUp(data) }),
            OperationRegistration(
                .directoryControl,
                postOperation: { [self] data, instance, _ in
                    list(data, instance)
                    return .finishedProcessing
                }),
        ]
    }

    private func lookUp(_ data: CallbackData) -> PreOperationResult {
        guard case .queryInformation(.entry(let name)) = data.parameters,
            data.requestor.mode == .user, let directory = data.fileObject,
            isHidden(directory.path(of: name), data.requestor)
        else { return .successNoCallback }
        data.fail(.objectNameNotFound)
        return .complete
    }

    /// Takes hidden names out. An answer without any entry would be the end, so further ones are
    /// asked for as long as all are hidden.
    private func list(_ data: CallbackData, _ instance: FilterInstance) {
        guard !data.isDraining, data.requestor.mode == .user, data.ioStatus.status.isSuccess,
            case .directoryControl(_, let limit, let withInformation) = data.parameters,
            let directory = data.fileObject
        else { return }
        while case .entries(let entries) = data.result, let last = entries.last {
            let shown = entries.filter { !isHidden($0, in: directory, data.requestor) }
            data.result = .entries(shown)
            guard shown.isEmpty else { return }
            do throws(IOFailure) {
                data.result = .entries(
                    try instance.entries(
                        of: directory, after: last.cookie, limit: limit,
                        withInformation: withInformation))
            } catch {
                return data.fail(error.status, hostErrno: error.hostErrno)
            }
        }
    }

    private func isHidden(
        _ entry: DirectoryEntry, in directory: FileObject, _ requestor: Requestor
    ) -> Bool {
        guard !entry.isDots else { return false }
        return isHidden(directory.path(of: entry.nameText), requestor)
    }
}
