import BypassIOProtocol
import IOStack
import Synchronization
import SystemPackage

/// A handle that is audited, until its cleanup.
///
/// Any thread. Relaxed: the totals are read once, after the last write has ended.
final class AuditedHandle: FilterContext {
    /// Of the open.
    let actor: AuditedActor
    let requestor: Requestor
    private let writes = Atomic<UInt64>(0)
    private let bytes = Atomic<UInt64>(0)

    init(_ actor: AuditedActor, _ requestor: Requestor) {
        self.actor = actor
        self.requestor = requestor
    }

    func wrote(_ count: Int) {
        writes.wrappingAdd(1, ordering: .relaxed)
        bytes.wrappingAdd(UInt64(max(0, count)), ordering: .relaxed)
    }

    func totals(of file: FileObject) -> AuditedTotals {
        var totals = AuditedTotals()
        for (route, count) in file.readsByRoute {
            if route.skipsFilters { totals.bypassed += count } else { totals.traditional += count }
        }
        totals.gated = file.gatedKernelReads
        totals.isReadByKernel = file.hasHadKernelReads
        totals.writes = writes.load(ordering: .relaxed)
        totals.bytesWritten = bytes.load(ordering: .relaxed)
        return totals
    }
}

extension PostOperation {
    var isGenerated: Bool { data.flags.contains(.generatedIO) }

    /// A program's, and no filter's.
    var isAudited: Bool { requestor.mode == .user && !isGenerated }
}

extension CallbackData {
    /// Of a create that succeeded.
    var openedFile: OpenedFile? {
        if case .opened(let opened) = result { opened } else { nil }
    }
}

extension PreOpen {
    /// Of an open that failed, from the volume's root.
    static func path(of data: CallbackData) -> String {
        guard case .create(let parameters) = data.parameters else { return "" }
        let base = parameters.directory?.openedPath ?? ""
        let path = parameters.path.string
        return base.isEmpty ? path : path.isEmpty ? base : "\(base)/\(path)"
    }
}

extension CreateParameters {
    func kind(isNew: Bool, _ file: FileObject?) -> AuditedOperation.Kind {
        if options.contains(.temporary) { return .createNameless }
        guard isNew else {
            return file?.stream.kind == .directory || kind == .directory ? .list : .open
        }
        switch kind {
        case .directory: return .makeDirectory
        case .symbolicLink: return .makeLink
        case .special: return .makeSpecial
        case .any, .regularFile: return .create
        }
    }

    /// nil: no data.
    var accessWord: String? {
        guard !options.contains(.attributesOnly) else { return nil }
        let word =
            (access.contains(.read) ? "r" : "") + (access.contains(.write) ? "w" : "")
        return word.isEmpty ? nil : word
    }
}

/// Changes in the words of an audit.
enum AuditedChange {
    /// The kind, the path, the new path of a rename or a link, and bytes.
    static func words(
        _ change: FileChange, _ file: FileObject
    ) -> (AuditedOperation.Kind, String, String?, UInt64?) {
        let path = file.openedPath
        switch change {
        case .rename(let from, let to, let directory, let flags):
            return (
                flags.contains(.exchange) ? .exchange : .rename, file.path(of: from),
                directory.path(of: to), nil
            )
        case .link(let name, let directory): return (.link, path, directory.path(of: name), nil)
        case .unlink(let name, let isDirectory):
            return (isDirectory ? .removeDirectory : .remove, file.path(of: name), nil, nil)
        case .endOfFile(let size): return (.truncate, path, nil, size)
        case .allocation(_, _, let length): return (.allocate, path, nil, length)
        case .permissions: return (.permissions, path, nil, nil)
        case .owner: return (.owner, path, nil, nil)
        case .times: return (.times, path, nil, nil)
        case .attributes, .flags: return (.attributes, path, nil, nil)
        }
    }
}
