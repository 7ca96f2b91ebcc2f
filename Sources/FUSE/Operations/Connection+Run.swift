internal import SystemPackage

extension Connection {
    /// A request on its way to the file system.
    struct Call {
        let header: RequestHeader
        let input: TransferBuffer
        let output: TransferBuffer
        let carrier: ReadCarrier?
    }

    /// Has an operation carried out. A ticket that is dropped on the way answers EIO.
    func run(_ operation: Operation, _ call: Call, _ ticket: consuming ReplyTicket) {
        switch operation {
        case .initialize(let request): initialize(request, ticket)
        case .destroy: destroy(ticket)
        case .interrupt(let request): interrupt(request, call, ticket)
        case .lookup(let request): fileSystem.lookup(request, EntryReply(ticket))
        case .lookupSelf(let node): fileSystem.lookupSelf(node, EntryReply(ticket))
        case .lookupParent(let node): fileSystem.lookupParent(node, EntryReply(ticket))
        case .forget(let node): forget(node, ticket)
        case .batchForget(let nodes): forget(nodes, ticket)
        case .getAttributes(let node): fileSystem.getAttributes(node, AttributesReply(ticket))
        case .setAttributes(let change): fileSystem.setAttributes(change, AttributesReply(ticket))
        case .extendedStatus(let node): fileSystem.extendedStatus(node, StatusReply(ticket))
        case .readLink(let node): fileSystem.readLink(node, BytesReply(ticket))
        case .access(let request): access(request, ticket)
        case .makeNode(let request): fileSystem.makeNode(request, EntryReply(ticket))
        case .makeDirectory(let request): fileSystem.makeDirectory(request, EntryReply(ticket))
        case .symbolicLink(let request): fileSystem.symbolicLink(request, EntryReply(ticket))
        case .link(let request): fileSystem.link(request, EntryReply(ticket))
        case .unlink(let request): fileSystem.unlink(request, EmptyReply(ticket))
        case .removeDirectory(let request): fileSystem.removeDirectory(request, EmptyReply(ticket))
        case .rename(let names): fileSystem.rename(names, EmptyReply(ticket))
        case .renameWithFlags(let names): fileSystem.rename(names, EmptyReply(ticket))
        case .open(let request): fileSystem.open(request, OpenReply(ticket))
        case .create(let request): fileSystem.create(request, CreateReply(ticket))
        case .temporaryFile(let request): fileSystem.temporaryFile(request, CreateReply(ticket))
        case .read(let request): read(request, call, ticket)
        case .write(let range): write(range, call, ticket)
        case .flush(let request): fileSystem.flush(request, EmptyReply(ticket))
        case .release(let request): fileSystem.release(request, EmptyReply(ticket))
        case .synchronize(let request): fileSystem.synchronize(request, EmptyReply(ticket))
        case .allocate(let request): fileSystem.allocate(request, EmptyReply(ticket))
        case .seek(let request): fileSystem.seek(request, SeekReply(ticket))
        case .copyFileRange(let ranges): copy(ranges, call, ticket)
        case .copyFileRange64(let ranges): copy(ranges, call, ticket)
        case .control(let request): control(request, ticket)
        case .openDirectory(let request): fileSystem.openDirectory(request, OpenReply(ticket))
        case .readDirectory(let request): list(request, isPlus: false, call, ticket)
        case .readDirectoryPlus(let request): list(request, isPlus: true, call, ticket)
        case .releaseDirectory(let file): fileSystem.releaseDirectory(file, EmptyReply(ticket))
        case .synchronizeDirectory(let file):
            fileSystem.synchronizeDirectory(file, EmptyReply(ticket))
        case .getExtendedAttribute(let request): extendedAttribute(request, ticket)
        case .listExtendedAttributes(let request): extendedAttributes(request, ticket)
        case .setExtendedAttribute(let value):
            fileSystem.setExtendedAttribute(value, EmptyReply(ticket))
        case .removeExtendedAttribute(let name):
            fileSystem.removeExtendedAttribute(name, EmptyReply(ticket))
        case .testLock(let request): fileSystem.testLock(request, LockReply(ticket))
        case .setLock(let request): fileSystem.setLock(request, EmptyReply(ticket))
        case .waitForLock(let request): fileSystem.waitForLock(request, EmptyReply(ticket))
        case .fileSystemStatus(let node):
            fileSystem.fileSystemStatus(node, FileSystemStatusReply(ticket))
        case .synchronizeFileSystem(let node):
            fileSystem.synchronizeFileSystem(node, EmptyReply(ticket))
        case .mapBlock, .poll, .setUpMapping, .removeMapping, .unknown: ticket.fail(.noFunction)
        case .notifyReply: ticket.waive()
        }
    }

    // MARK: Requests without an answer

    private func forget(_ forgotten: ForgottenNode, _ ticket: consuming ReplyTicket) {
        ticket.waive()
        fileSystem.forget(node: forgotten.node, count: forgotten.count)
    }

    private func forget(_ nodes: ForgottenNodes, _ ticket: consuming ReplyTicket) {
        ticket.waive()
        nodes.forEach { fileSystem.forget(node: $0.node, count: $0.count) }
    }

    private func interrupt(
        _ request: InterruptRequest, _ call: Call, _ ticket: consuming ReplyTicket
    ) {
        ticket.waive()
        call.carrier?.interrupt(request.unique)
        fileSystem.interrupt(unique: request.unique)
    }

    // MARK: Data

    private func read(_ request: ReadRequest, _ call: Call, _ ticket: consuming ReplyTicket) {
        guard request.size <= call.output.capacity else { return }
        if let carrier = call.carrier {
            if carrier.mayBegin(request.size), let read = fileSystem.beginRead(request) {
                return carrier.carry(read, ticket)
            }
            guard carrier.makeWay(for: call.header) else { return ticket.waive() }
        }
        // Where both are the same buffer, the request is still in it.
        if call.output !== call.input {
            call.output.prepare(toHold: request.size, fromDisk: request.isDirect)
        }
        fileSystem.read(request, ReadReply(ticket, call.output))
    }

    private func write(_ range: WrittenRange, _ call: Call, _ ticket: consuming ReplyTicket) {
        guard range.count <= call.input.capacity else { return }
        fileSystem.write(WriteRequest(range, call.input), WriteReply(ticket))
    }

    private func copy(
        _ ranges: CopyFileRangeRequest, _ call: Call, _ ticket: consuming ReplyTicket
    ) {
        fileSystem.copyFileRange(ranges, CopyReply(ticket, call.output))
    }

    private func list(
        _ request: ReadRequest, isPlus: Bool, _ call: Call, _ ticket: consuming ReplyTicket
    ) {
        let reply = DirectoryReply(ticket, call.output, size: request.size, isPlus: isPlus)
        if isPlus {
            fileSystem.readDirectoryPlus(request, reply)
        } else {
            fileSystem.readDirectory(request, reply)
        }
    }

    // MARK: Answers that need to know the request

    private func destroy(_ ticket: consuming ReplyTicket) {
        fileSystem.destroy()
        ticket.succeed()
    }

    private func access(_ request: AccessRequest, _ ticket: consuming ReplyTicket) {
        fileSystem.access(request.context, mask: request.mask, EmptyReply(ticket))
    }

    private func control(_ request: ControlRequest, _ ticket: consuming ReplyTicket) {
        fileSystem.control(request, ControlReply(ticket, outputSize: request.outputSize))
    }

    private func extendedAttribute(
        _ request: GetExtendedAttributeRequest, _ ticket: consuming ReplyTicket
    ) {
        fileSystem.getExtendedAttribute(
            ExtendedAttributeRequest(request.context, name: request.name),
            ExtendedAttributeReply(ticket, room: request.room))
    }

    private func extendedAttributes(
        _ request: ListExtendedAttributesRequest, _ ticket: consuming ReplyTicket
    ) {
        fileSystem.listExtendedAttributes(
            request.context, ExtendedAttributeReply(ticket, room: request.room))
    }
}
