internal import BypassIOProtocol
internal import FUSE
internal import IOStack
internal import LinuxKit
internal import Synchronization
internal import SystemPackage

/// How a successor makes anew what a service handed over.
extension VolumeFileSystem {
    /// Makes nodes and handles anew; no filter may be attached yet.
    func restore(_ state: ServiceState, _ session: Session) throws(RestartRefusal) {
        guard state.root == nodes.root.id else { throw .otherSource }
        try adoptGates(state)
        accessTimesStay.store(state.leavesAccessTime, ordering: .relaxed)
        recovery?.set(.leavesAccessTime, to: state.leavesAccessTime ? 1 : 0)
        var held: [Int: HeldFile] = [:]
        for (place, record) in state.nodes.enumerated() {
            guard let open = record.held else { continue }
            held[place] = HeldFile(
                try opened(open, CreateParameters(path: "", access: []), .kernel, is: record.id))
        }
        let nodes = nodes.restore(state.nodes, lastNumber: state.lastNumber, held: held)
        var restored: [(place: Int, handle: OpenHandle)] = []
        restored.reserveCapacity(state.handles.count)
        for record in state.handles {
            let node = nodes[Int(record.node)]
            restored.append((Int(record.place), try handle(record, of: node, state, session)))
        }
        handles.restore(restored, generations: state.generations)
    }

    private func handle(
        _ record: ServiceState.HandleRecord, of node: Node, _ state: ServiceState,
        _ session: Session
    ) throws(RestartRefusal) -> OpenHandle {
        var parameters = CreateParameters(
            path: FilePath(record.path), access: CreateParameters.Access(rawValue: record.access))
        if record.isNonCached { parameters.options.insert(.nonCached) }
        if record.isNameless { parameters.options.insert(.temporary) }
        if record.open.appends { parameters.options.insert(.append) }
        if record.open.isSynchronous { parameters.options.insert(.writeThrough) }
        let file = try opened(record.open, parameters, record.requestor, is: node.id)
        count(file, takesTwo: record.mayTakeTwo)
        let decision = try decision(record, on: file, of: node, state, session)
        let handle = OpenHandle(
            node: node, file: file, needsWriteBack: record.needsWriteBack,
            mayTakeTwo: record.mayTakeTwo, usesCache: record.usesCache,
            writesDirectly: record.writesDirectly, appends: record.open.appends,
            decision: decision, times: times)
        guard !node.isDirectory else { return handle }
        if handle.writesDirectly { nodes.countDirectWriter(1, of: node) }
        if handle.mayMapForWriting {
            node.writableMappers.add(1, ordering: .sequentiallyConsistent)
        }
        nodes.opened(file, of: node)
        if handle.usesCache { noteOpen(of: file) }
        if record.isMapped { file.beginCachedUse(isMapped: true) }
        return handle
    }

    /// Goes on with an open of the other process.
    private func opened(
        _ open: HandedOpen, _ parameters: CreateParameters, _ requestor: Requestor, is id: FileID
    ) throws(RestartRefusal) -> FileObject {
        var parameters = parameters
        parameters.handed = open
        let file: FileObject
        do throws(IOFailure) {
            file = try volume.open(parameters, requestor: requestor)
        } catch {
            throw .notRestored("\(parameters.path.string): \(error.status)")
        }
        guard file.stream.id == id else {
            throw .notRestored("\(parameters.path.string): another file")
        }
        return file
    }

    /// Counts an open in that its user was granted before, whatever the share is now.
    private func count(_ file: FileObject, takesTwo: Bool) {
        let user = file.requestor.userID
        let isReserved = shares.reserve(for: user, beside: 0)
        _ = shares.settle(user, file.storage?.rawValue, isReserved: isReserved)
        if takesTwo { _ = shares.reserve(for: user, beside: 0) }
    }
}

extension HandedOpen {
    /// O_APPEND.
    fileprivate var appends: Bool { flags & 0o2000 != 0 }

    /// O_DSYNC, also as a part of O_SYNC.
    fileprivate var isSynchronous: Bool { flags & 0o10000 != 0 }
}

extension ServiceState.HandleRecord {
    fileprivate var requestor: Requestor {
        guard isUser else { return .kernel }
        return .user(
            userID, group: groupID, process: processID, administrator: isAdministrator)
    }
}
