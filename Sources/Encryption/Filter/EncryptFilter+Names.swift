import FilterKit
public import IOStack
import SystemPackage

// The file with the encrypted key lies in the root among the others. It can be read, and nothing
// else: who loses it loses all files. EPERM, as gocryptfs answers.
extension EncryptFilter {
    private static var refused: IOFailure { IOFailure(errno: .notPermitted) }

    public func refusal(of open: PreOpen) -> IOFailure? {
        guard let own = keptName, open.path == own.string else { return nil }
        let parameters = open.parameters
        let isReading = parameters.disposition == .open && !parameters.access.contains(.write)
        return isReading ? nil : Self.refused
    }

    public func refusal(of change: PreChange) -> IOFailure? {
        guard let own = keptName else { return nil }
        let isOwn: Bool =
            switch change.change {
            case .rename(let from, let to, let target, _):
                isOwn(from, in: change.file, own) || isOwn(to, in: target, own)
            case .unlink(let name, _): isOwn(name, in: change.file, own)
            case .link(let name, let directory):
                isOwn(name, in: directory, own) || change.file.openedPath == own.string
            case .times: false
            default: change.file.openedPath == own.string
            }
        return isOwn ? Self.refused : nil
    }

    private func isOwn(
        _ name: FilePath.Component, in directory: FileObject, _ own: FilePath.Component
    ) -> Bool {
        name == own && directory.openedPath.isEmpty
    }
}
