internal import BypassIOProtocol
internal import FUSE
internal import IOStack
internal import SystemPackage

/// LOOKUP, GETATTR, SETATTR, STATX, READLINK, STATFS.
extension VolumeFileSystem {
    func lookup(_ request: borrowing NameRequest, _ reply: consuming EntryReply) {
        let name = [UInt8](copying: request.name)
        let mark = trust.mark()
        do throws(IOFailure) {
            let parent = try nodes.node(request.context.node)
            habits.looked(request.context.processID, at: name, in: parent.number)
            do throws(IOFailure) {
                let (node, information) = try find(name, in: parent, requestor(request.context))
                let wasTaken = reply.succeed(entry(node, information, since: mark))
                if !wasTaken { nodes.forget(node.number, count: 1) }
            } catch {
                let absence = trust.absence(in: parent, since: mark)
                guard error.errno == .noSuchFileOrDirectory, absence > .zero else {
                    return reply.fail(error)
                }
                reply.succeedAbsent(validFor: Validity(absence))
            }
        } catch {
            reply.fail(error)
        }
    }

    /// Looks a name up and counts the lookup.
    func find(
        _ name: [UInt8], in parent: Node, _ requestor: Requestor
    ) throws(IOFailure) -> (Node, FileInformation) {
        let component = try FilePath.Component(name: name)
        let information = try withFile(of: parent, requestor) { directory throws(IOFailure) in
            try directory.status(of: component, requestor: requestor)
        }
        return (nodes.found(information, name, in: parent), information)
    }

    func getAttributes(_ request: GetAttributesRequest, _ reply: consuming AttributesReply) {
        let mark = trust.mark()
        do throws(IOFailure) {
            let node = try nodes.node(request.context.node)
            let information = try status(
                of: node, through: request.handle, requestor(request.context))
            reply.succeed(
                attributes(information, of: node),
                validFor: trust.validities(of: information, since: mark).attributes)
        } catch {
            reply.fail(error)
        }
    }

    func extendedStatus(_ request: GetAttributesRequest, _ reply: consuming StatusReply) {
        let mark = trust.mark()
        do throws(IOFailure) {
            let node = try nodes.node(request.context.node)
            let information = try status(
                of: node, through: request.handle, requestor(request.context))
            reply.succeed(
                attributes(information, of: node),
                birthTime: information.birthTime.map { Timestamp($0) },
                validFor: trust.validities(of: information, since: mark).attributes)
        } catch {
            reply.fail(error)
        }
    }

    func status(
        of node: Node, through handle: HandleID? = nil, _ requestor: Requestor
    ) throws(IOFailure) -> FileInformation {
        if let handle, let open = try? handles.handle(handle) {
            return try open.file.status(requestor: requestor)
        }
        guard case .named(let name, in: let parent) = try nodes.place(of: node) else {
            return try withFile(of: node, requestor) { file throws(IOFailure) in
                try file.status(requestor: requestor)
            }
        }
        // A single question to the directory replaces an open, a question and a close.
        let component = try FilePath.Component(name: name)
        let information = try withFile(of: parent, requestor) { directory throws(IOFailure) in
            do throws(IOFailure) {
                return try directory.status(of: component, requestor: requestor)
            } catch {
                throw error.ofKnownName
            }
        }
        guard node.isOf(information.id, born: information.birthTime) else { throw .staleNode }
        return information
    }

    // MARK: Changes

    func setAttributes(_ request: SetAttributesRequest, _ reply: consuming AttributesReply) {
        let mark = trust.mark()
        do throws(IOFailure) {
            let node = try nodes.node(request.context.node)
            let requestor = requestor(request.context)
            let information: FileInformation
            var once = Once()
            defer { noteOwnChange(of: node) }
            if let number = request.handle, let open = try? handles.handle(number) {
                information = try apply(request, to: open.file, of: node, requestor, &once)
            } else {
                // At an unchanged size, truncate(2) may leave the times alone, which a truncation
                // through an open file does not. O_TRUNC looks like a truncate(2) to 0, but comes
                // right after OPEN.
                let isByName =
                    request.size != nil
                    && !(request.size == 0
                        && nodes.takeTruncatingOpen(of: node, by: request.context.processID))
                information = try withFile(
                    of: node, requestor, byNameOnly: isByName
                ) { file throws(IOFailure) in
                    try apply(request, to: file, of: node, requestor, &once)
                }
            }
            reply.succeed(
                attributes(information, of: node),
                validFor: trust.validities(of: information, since: mark).attributes)
        } catch {
            notices.forgetAttributes(of: request.context.node)
            reply.fail(error)
        }
    }

    /// Changes the owner before the mode, because a new owner clears set-id bits; changes the times
    /// last, because every other change moves them.
    private func apply(
        _ request: SetAttributesRequest, to file: FileObject, of node: Node,
        _ requestor: Requestor, _ once: inout Once
    ) throws(IOFailure) -> FileInformation {
        once.begin()
        try once { () throws(IOFailure) in
            if let size = request.size { try changeSize(of: file, to: size, requestor) }
        }
        try once { () throws(IOFailure) in
            guard request.userID != nil || request.groupID != nil else { return }
            try file.apply(
                .owner(userID: request.userID, groupID: request.groupID), requestor: requestor)
        }
        try once { () throws(IOFailure) in
            try changeMode(request, of: file, node, requestor)
        }
        try once { () throws(IOFailure) in
            guard request.accessTime != nil || request.modificationTime != nil else { return }
            try file.apply(
                .times(
                    access: FileChange.TimeChange(request.accessTime),
                    modification: FileChange.TimeChange(request.modificationTime)),
                requestor: requestor)
        }
        return try file.status(requestor: requestor)
    }

    private func changeMode(
        _ request: SetAttributesRequest, of file: FileObject, _ node: Node, _ requestor: Requestor
    ) throws(IOFailure) {
        if let mode = request.mode {
            try file.apply(.permissions(mode & 0o7777), requestor: requestor)
        } else if request.killsPrivileges, request.userID == nil, request.groupID == nil {
            // With a new owner the file system below clears the bits.
            try dropPrivileges(of: file, node.number, requestor)
        } else if request.changesNothing,
            !nodes.takeCapabilityRemoval(from: node, by: request.context.processID)
        {
            // chown(-1, -1) clears set-id bits and moves the change time. Before a write the kernel
            // sends the same request, after it removed the file's capability; that removal has
            // moved the time already, and the write itself tells whether set-id bits go.
            try file.apply(.owner(userID: nil, groupID: nil), requestor: requestor)
        }
    }

    /// truncate(2) needs no descriptor for writing, but the handle in use may be open for reading
    /// only.
    private func changeSize(
        of file: FileObject, to size: UInt64, _ requestor: Requestor
    ) throws(IOFailure) {
        guard file.storage != nil, !file.access.contains(.write) else {
            return try file.apply(.endOfFile(size), requestor: requestor)
        }
        let writable = HeldFile(
            try volume.open(
                CreateParameters(path: "", directory: file, access: .write),
                requestor: requestor))
        try writable.file.apply(.endOfFile(size), requestor: requestor)
    }

    /// Clears the set-user-ID bit, and the set-group-ID bit if the group may execute the file or is
    /// not the requestor's. The service knows only the first of the requestor's groups.
    ///
    /// The kernel assumes that some of these requests leave the mode alone, so it gets a notice.
    func dropPrivileges(
        of file: FileObject, _ node: NodeID, _ requestor: Requestor
    ) throws(IOFailure) {
        let status = try file.status(requestor: requestor)
        let permissions = status.permissions
        var kept = permissions & ~0o4000
        if permissions & 0o0010 != 0 || status.groupID != requestor.groupID { kept &= ~0o2000 }
        guard kept != permissions else { return }
        defer { notices.forgetAttributes(of: node) }
        try file.apply(.permissions(kept), requestor: requestor)
    }

    // MARK: Links and the volume

    /// The kernel takes no longer answer, and a filter may make one.
    private static let longestTarget = 4095

    func readLink(_ context: RequestContext, _ reply: consuming BytesReply) {
        let requestor = requestor(context)
        do throws(IOFailure) {
            let node = try nodes.node(context.node)
            let target = try withFile(of: node, requestor) { file throws(IOFailure) in
                try file.linkTarget(requestor: requestor)
            }
            guard target.count <= Self.longestTarget else { throw IOFailure(.ioDeviceError) }
            reply.succeed(target.span)
        } catch {
            reply.fail(error)
        }
    }

    func fileSystemStatus(_ context: RequestContext, _ reply: consuming FileSystemStatusReply) {
        let requestor = requestor(context)
        do throws(IOFailure) {
            let node = try nodes.node(context.node)
            let volume = try withFile(of: node, requestor) { file throws(IOFailure) in
                try file.volumeInformation(requestor: requestor)
            }
            reply.succeed(
                FileSystemStatus(
                    blocks: volume.totalBlocks, freeBlocks: volume.freeBlocks,
                    availableBlocks: volume.availableBlocks, files: volume.totalFiles,
                    freeFiles: volume.freeFiles, blockSize: UInt32(clamping: volume.blockSize),
                    maximumNameLength: volume.maximumNameLength))
        } catch {
            reply.fail(error)
        }
    }
}

extension SetAttributesRequest {
    /// The kernel sends such a request for chown(-1, -1).
    fileprivate var changesNothing: Bool {
        size == nil && userID == nil && groupID == nil && mode == nil && accessTime == nil
            && modificationTime == nil
    }
}

extension FileChange.TimeChange {
    init?(_ change: SetAttributesRequest.TimeChange?) {
        switch change {
        case nil: return nil
        case .now: self = .now
        case .to(let time): self = .to(FileTime(time))
        }
    }
}
