internal import BypassIOProtocol
internal import FUSE
internal import IOStack
internal import LinuxKit
internal import Synchronization
internal import SystemPackage

/// OPEN, CREATE, RELEASE and the requests through an open file, except for its data.
extension VolumeFileSystem {
    func open(_ request: OpenRequest, _ reply: consuming OpenReply) {
        let requestor = requestor(request.context)
        let flags = request.flags
        let began = times.begin()
        do throws(IOFailure) {
            let node = try nodes.node(request.context.node)
            let mayShare = !flags.mayWrite && !flags.truncates
            let file = try counted(
                requestor, mayShare: mayShare, takesTwo: flags.mayTakeTwo
            ) { () throws(IOFailure) in
                try openFile(of: node, requestor) { parameters in
                    parameters.kind = .regularFile
                    parameters.disposition = flags.truncates ? .overwrite : .open
                    parameters.apply(flags)
                    if leavesAccessTime { parameters.options.insert(.noAccessTime) }
                }
            }
            if request.killsPrivileges, flags.truncates {
                try? dropPrivileges(of: file, request.context.node, requestor)
            }
            let decision = kernelRoute?.decide(
                file, of: node, flags, for: request.context, leavingAccessTimes: leavesAccessTime,
                hasRoom: shares.hasRoomForKernelReads(beside: otherDescriptors), reply)
            var way = decision?.way ?? .cached
            if case .cached = way, hasMadeUpSize(file, requestor) { way = .direct }
            let number = insert(
                file, of: node, flags, way, decision, for: request.context.unique)
            nodes.opened(
                file, of: node, forWritingBy: flags.mayWrite ? request.context.processID : 0)
            var answer = way.replyFlags(flags)
            if !flags.isDirect, !nodes.keepsCache(of: node) { answer.remove(.keepCache) }
            if began != 0 { noteOpenTime(of: number, since: began) }
            let wasTaken = reply.succeed(handle: number, answer, backing: way.backing)
            if !wasTaken { close(number) }
        } catch {
            reply.fail(error)
        }
    }

    private func noteOpenTime(of number: HandleID, since began: UInt64) {
        guard let handle = try? handles.handle(number) else { return }
        times.record(.open(handle.route.0), since: began)
    }

    /// Descriptors that files keep beside open handles: files without a name, and the kernel's
    /// ways.
    private var otherDescriptors: Int {
        nodes.heldFileCount + 2 * (kernelRoute?.modes.backedCount ?? 0)
    }

    /// Opens a file for a user and counts it; ``countOut(_:takesTwo:)`` counts it out.
    ///
    /// - Parameters:
    ///   - mayShare: the open may take no descriptor, so it proceeds even where the user has used
    ///     its share. It must change nothing, because it may be closed at once.
    ///   - takesTwo: ``OpenHandle/mayTakeTwo``; the second descriptor must be available when it is
    ///     needed.
    func counted(
        _ requestor: Requestor, mayShare: Bool = false, takesTwo: Bool = false,
        _ open: () throws(IOFailure) -> FileObject
    ) throws(IOFailure) -> FileObject {
        let user = requestor.userID
        let others = otherDescriptors
        let isReserved = shares.reserve(for: user, beside: others)
        guard isReserved || mayShare else { throw .noDescriptors }
        if takesTwo, !shares.reserve(for: user, beside: others) {
            shares.cancel(for: user)
            throw .noDescriptors
        }
        let file: FileObject
        do throws(IOFailure) {
            file = try open()
        } catch {
            if isReserved { shares.cancel(for: user) }
            if takesTwo { shares.cancel(for: user) }
            throw error
        }
        guard shares.settle(user, file.storage?.rawValue, isReserved: isReserved) else {
            file.close()
            throw .noDescriptors
        }
        return file
    }

    private func countOut(_ file: FileObject, takesTwo: Bool) {
        let user = file.requestor.userID
        shares.give(back: user, file.storage?.rawValue)
        if takesTwo { shares.cancel(for: user) }
    }

    private func insert(
        _ file: FileObject, of node: Node, _ flags: OpenFlags, _ way: OpenWay,
        _ decision: OpenDecision?, for opener: RequestID
    ) -> HandleID {
        let needsWriteBack = flags.mayWrite && (flags.appends || flags.isDirect)
        let usesCache = if case .cached = way { true } else { false }
        let handle = OpenHandle(
            node: node, file: file, needsWriteBack: needsWriteBack, mayTakeTwo: flags.mayTakeTwo,
            usesCache: usesCache,
            writesDirectly: flags.isDirect && flags.mayWrite, appends: flags.appends,
            decision: decision, times: times)
        if handle.writesDirectly { nodes.countDirectWriter(1, of: node) }
        if handle.mayMapForWriting {
            node.writableMappers.add(1, ordering: .sequentiallyConsistent)
        }
        let number = handles.insert(handle, for: opener)
        if usesCache { noteOpen(of: file) }
        return number
    }

    func close(_ number: HandleID) {
        if closedReaders.isRemembering, let handle = try? handles.handle(number) {
            closedReaders.note(handle, number)
        }
        guard let handle = handles.remove(number) else { return }
        nodes.closed(handle.file, of: handle.node)
        if handle.writesDirectly { nodes.countDirectWriter(-1, of: handle.node) }
        if handle.mayMapForWriting {
            handle.node.writableMappers.subtract(1, ordering: .sequentiallyConsistent)
        }
        handle.close()
        countOut(handle.file, takesTwo: handle.mayTakeTwo)
        // The kernel left the node's mode before it sent RELEASE.
        if handle.decision != nil { kernelRoute?.modes.leave(handle.node.number) }
    }

    // MARK: New files

    func create(_ request: borrowing CreateRequest, _ reply: consuming CreateReply) {
        let name = [UInt8](copying: request.name)
        let context = request.context
        let requestor = requestor(context)
        let flags = request.flags
        let begun = begun.take(context)
        let mark = trust.mark()
        do throws(IOFailure) {
            let parent = try nodes.node(context.node)
            var parameters = CreateParameters(
                path: FilePath(root: nil, components: try FilePath.Component(name: name)),
                disposition: .create, kind: .regularFile, options: .noFollow,
                mode: request.mode & 0o7777, umask: request.umask)
            parameters.apply(flags)
            let file = try counted(requestor, takesTwo: flags.mayTakeTwo) {
                () throws(IOFailure) in
                try withFile(of: parent, requestor) { directory throws(IOFailure) in
                    parameters.directory = directory
                    return try makeOrOpen(&parameters, flags, requestor, begun)
                }
            }
            let information = try status(of: file, flags, requestor)
            let node = nodes.found(information, name, in: parent)
            let decision = kernelRoute?.decideNew(file, node)
            let way = decision?.way ?? .cached
            let number = insert(file, of: node, flags, way, decision, for: context.unique)
            nodes.opened(file, of: node)
            let wasTaken = reply.succeed(
                entry(node, information, since: mark), handle: number, way.replyFlags(flags),
                backing: way.backing)
            if !wasTaken { takeBack(node, number) }
        } catch {
            mayHaveChanged(name, in: context.node)
            reply.fail(error)
        }
    }

    /// The kernel sends CREATE for a name that it believes absent; a change behind the mount may
    /// have made the file.
    private func makeOrOpen(
        _ parameters: inout CreateParameters, _ flags: OpenFlags, _ requestor: Requestor,
        _ begun: BegunRequest?
    ) throws(IOFailure) -> FileObject {
        if let directory = parameters.directory, let name = parameters.path.components.first,
            made(name, .regularFile, in: directory, begun, requestor) != nil
        {
            parameters.disposition = .openIf
            return try volume.open(parameters, requestor: requestor)
        }
        do throws(IOFailure) {
            return try volume.open(parameters, requestor: requestor)
        } catch {
            guard error.errno == .fileExists, !flags.isExclusive else { throw error }
        }
        parameters.disposition = flags.truncates ? .overwriteIf : .openIf
        return try volume.open(parameters, requestor: requestor)
    }

    private func status(
        of file: FileObject, _ flags: OpenFlags, _ requestor: Requestor
    ) throws(IOFailure) -> FileInformation {
        do throws(IOFailure) {
            return try file.status(requestor: requestor)
        } catch {
            file.close()
            countOut(file, takesTwo: flags.mayTakeTwo)
            throw error
        }
    }

    func temporaryFile(_ request: borrowing CreateRequest, _ reply: consuming CreateReply) {
        let context = request.context
        let requestor = requestor(context)
        let flags = request.flags
        let mark = trust.mark()
        do throws(IOFailure) {
            var parameters = CreateParameters(
                path: "", disposition: .create, kind: .regularFile, options: .temporary,
                mode: request.mode & 0o7777, umask: request.umask)
            parameters.apply(flags)
            let parent = try nodes.node(context.node)
            let file = try counted(requestor, takesTwo: flags.mayTakeTwo) {
                () throws(IOFailure) in
                try withFile(of: parent, requestor) { directory throws(IOFailure) in
                    parameters.directory = directory
                    return try volume.open(parameters, requestor: requestor)
                }
            }
            let information = try status(of: file, flags, requestor)
            // Without a name the file can be found only through a file object.
            let held = try heldAgain(file, flags, requestor)
            let node = nodes.found(nameless: information, held: held)
            let decision = kernelRoute?.decideNew(file, node)
            let way = decision?.way ?? .cached
            let number = insert(file, of: node, flags, way, decision, for: context.unique)
            nodes.opened(file, of: node)
            let wasTaken = reply.succeed(
                entry(node, information, since: mark), handle: number, way.replyFlags(flags),
                backing: way.backing)
            if !wasTaken { takeBack(node, number) }
        } catch {
            reply.fail(error)
        }
    }

    /// Opens the same file again, for names and attributes; closes it if that fails.
    private func heldAgain(
        _ file: FileObject, _ flags: OpenFlags, _ requestor: Requestor
    ) throws(IOFailure) -> HeldFile {
        do throws(IOFailure) {
            return HeldFile(
                try volume.open(
                    CreateParameters(
                        path: "", directory: file, access: [], options: .attributesOnly),
                    requestor: requestor))
        } catch {
            file.close()
            countOut(file, takesTwo: flags.mayTakeTwo)
            throw error
        }
    }

    private func takeBack(_ node: Node, _ number: HandleID) {
        close(number)
        nodes.forget(node.number, count: 1)
    }

    // MARK: The end

    func release(_ request: ReleaseRequest, _ reply: consuming EmptyReply) {
        close(request.handle)
        reply.succeed()
    }

    /// Every write has passed the stack already; only a sync waits for the disk.
    func flush(_ request: FlushRequest, _ reply: consuming EmptyReply) {
        reply.succeed()
    }

    func synchronize(_ request: SynchronizeRequest, _ reply: consuming EmptyReply) {
        do throws(IOFailure) {
            try handles.handle(request.handle).file
                .flush(dataOnly: request.dataOnly, requestor: requestor(request.context))
            reply.succeed()
        } catch {
            reply.fail(error)
        }
    }

    func allocate(_ request: AllocateRequest, _ reply: consuming EmptyReply) {
        do throws(IOFailure) {
            guard let allocation = FileChange.Allocation(mode: request.mode) else {
                throw IOFailure(.notSupported)
            }
            let requestor = requestor(request.context)
            let handle = try handles.handle(request.handle)
            let file = handle.file
            defer { noteOwnChange(of: handle.node) }
            try dropPrivilegesUnlessRoot(of: file, request.context.node, requestor)
            try file.apply(
                .allocation(allocation, offset: request.offset, length: request.length),
                requestor: requestor)
            reply.succeed()
        } catch {
            notices.forgetAttributes(of: request.context.node)
            let (end, isTooFar) = request.offset.addingReportingOverflow(request.length)
            notices.forgetData(
                of: request.context.node, request.offset..<(isTooFar ? .max : end))
            reply.fail(error)
        }
    }

    /// With a write the kernel tells whether set-id bits go; with other changes of content it does
    /// not.
    func dropPrivilegesUnlessRoot(
        of file: FileObject, _ node: NodeID, _ requestor: Requestor
    ) throws(IOFailure) {
        if requestor.userID != 0 { try dropPrivileges(of: file, node, requestor) }
    }
}

extension OpenFlags {
    /// ``OpenHandle/mayTakeTwo``: only a handle for reading and writing can be mapped for writing.
    fileprivate var mayTakeTwo: Bool { mayRead && mayWrite && (appends || isDirect) }
}

extension IOFailure {
    /// `ENFILE`.
    fileprivate static var noDescriptors: IOFailure { IOFailure(errno: .tooManyOpenFilesInSystem) }
}

extension FileChange.Allocation {
    /// From `FALLOC_FL_*`; nil for a mode that the stack does not know.
    init?(mode: UInt32) {
        switch mode {
        case 0: self = .extend
        case 0x01: self = .keepSize
        case 0x02 | 0x01: self = .punchHole
        case 0x08: self = .collapseRange
        case 0x10: self = .zeroRange
        case 0x10 | 0x01: self = .zeroRangeKeepingSize
        case 0x20: self = .insertRange
        default: return nil
        }
    }
}
