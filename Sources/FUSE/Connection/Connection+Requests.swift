internal import SystemPackage

// One parsed type per opcode; what cannot be parsed leaves the ticket, which then answers EIO.
extension Connection {
    func dispatchNode(
        _ call: Call, _ reader: inout MessageReader, _ ticket: consuming ReplyTicket
    ) throws(MalformedRequest) {
        let context = call.context
        switch call.opcode {
        case .lookup:
            try lookup(context, &reader, ticket)
        case .getAttributes:
            fileSystem.getAttributes(
                try GetAttributesRequest(context, &reader), AttributesReply(ticket))
        case .setAttributes:
            fileSystem.setAttributes(
                try SetAttributesRequest(context, &reader), AttributesReply(ticket))
        case .extendedStatus:
            fileSystem.extendedStatus(
                try GetAttributesRequest(context, &reader), StatusReply(ticket))
        case .readLink:
            fileSystem.readLink(context, BytesReply(ticket))
        case .access:
            fileSystem.access(context, mask: try reader.u32(), EmptyReply(ticket))
        case .fileSystemStatus:
            fileSystem.fileSystemStatus(context, FileSystemStatusReply(ticket))
        default:
            fileSystem.synchronizeFileSystem(context, EmptyReply(ticket))
        }
    }

    /// The kernel asks for a node by its number where handles of files are agreed on.
    private func lookup(
        _ context: RequestContext, _ reader: inout MessageReader, _ ticket: consuming ReplyTicket
    ) throws(MalformedRequest) {
        if reader.isName(ofDots: 1), fileSystem.features.contains(.exportSupport) {
            return fileSystem.lookupSelf(context, EntryReply(ticket))
        }
        if reader.isName(ofDots: 2), fileSystem.features.contains(.exportSupport) {
            return fileSystem.lookupParent(context, EntryReply(ticket))
        }
        fileSystem.lookup(try NameRequest(context, &reader), EntryReply(ticket))
    }

    func dispatchName(
        _ call: Call, _ reader: inout MessageReader, _ ticket: consuming ReplyTicket
    ) throws(MalformedRequest) {
        let context = call.context
        switch call.opcode {
        case .makeNode:
            fileSystem.makeNode(
                try MakeRequest(node: context, &reader), EntryReply(ticket))
        case .makeDirectory:
            fileSystem.makeDirectory(
                try MakeRequest(directory: context, &reader), EntryReply(ticket))
        case .symbolicLink:
            fileSystem.symbolicLink(
                try SymbolicLinkRequest(context, &reader), EntryReply(ticket))
        case .link:
            fileSystem.link(try LinkRequest(context, &reader), EntryReply(ticket))
        case .unlink:
            fileSystem.unlink(try NameRequest(context, &reader), EmptyReply(ticket))
        case .removeDirectory:
            fileSystem.removeDirectory(try NameRequest(context, &reader), EmptyReply(ticket))
        default:
            let withFlags = call.opcode == .renameWithFlags
            fileSystem.rename(
                try RenameRequest(context, &reader, withFlags: withFlags), EmptyReply(ticket))
        }
    }

    func dispatchData(
        _ call: Call, _ reader: inout MessageReader, _ ticket: consuming ReplyTicket
    ) throws(MalformedRequest) {
        let context = call.context
        switch call.opcode {
        case .read:
            let request = try ReadRequest(context, &reader)
            guard request.size <= call.output.capacity else { throw MalformedRequest() }
            if let carrier = call.carrier {
                if carrier.mayBegin(request.size), let read = fileSystem.beginRead(request) {
                    return carrier.carry(read, ticket)
                }
                guard carrier.makeWay(for: .read, call.header) else {
                    _ = ticket.handOver()
                    return
                }
            }
            // Where they are one, the request is still in it.
            if call.output !== call.input {
                call.output.prepare(toHold: request.size, fromDisk: request.isDirect)
            }
            fileSystem.read(request, ReadReply(ticket, call.output))
        case .write:
            fileSystem.write(
                try WriteRequest(context, &reader, call.input), WriteReply(ticket))
        case .seek:
            fileSystem.seek(try SeekRequest(context, &reader), SeekReply(ticket))
        case .allocate:
            fileSystem.allocate(try AllocateRequest(context, &reader), EmptyReply(ticket))
        case .control:
            let request = try ControlRequest(context, &reader)
            fileSystem.control(
                request, ControlReply(ticket, outputSize: request.outputSize))
        default:
            fileSystem.copyFileRange(
                try CopyFileRangeRequest(context, &reader), CopyReply(ticket, call.output))
        }
    }

    func dispatchOpenFile(
        _ call: Call, _ reader: inout MessageReader, _ ticket: consuming ReplyTicket
    ) throws(MalformedRequest) {
        let context = call.context
        switch call.opcode {
        case .open:
            fileSystem.open(try OpenRequest(context, &reader), OpenReply(ticket))
        case .openDirectory:
            fileSystem.openDirectory(try OpenRequest(context, &reader), OpenReply(ticket))
        case .create:
            fileSystem.create(
                try CreateRequest(context, &reader, isNamed: true), CreateReply(ticket))
        case .temporaryFile:
            fileSystem.temporaryFile(
                try CreateRequest(context, &reader, isNamed: false), CreateReply(ticket))
        case .flush:
            fileSystem.flush(try FlushRequest(context, &reader), EmptyReply(ticket))
        case .release:
            fileSystem.release(try ReleaseRequest(context, &reader), EmptyReply(ticket))
        case .releaseDirectory:
            fileSystem.releaseDirectory(try ReleaseRequest(context, &reader), EmptyReply(ticket))
        case .synchronize:
            fileSystem.synchronize(try SynchronizeRequest(context, &reader), EmptyReply(ticket))
        case .synchronizeDirectory:
            fileSystem.synchronizeDirectory(
                try SynchronizeRequest(context, &reader), EmptyReply(ticket))
        default:
            let isPlus = call.opcode == .readDirectoryPlus
            let request = try ReadRequest(context, &reader)
            let reply = DirectoryReply(
                ticket, call.output, size: request.size, isPlus: isPlus)
            if isPlus {
                fileSystem.readDirectoryPlus(request, reply)
            } else {
                fileSystem.readDirectory(request, reply)
            }
        }
    }

    func dispatchExtendedAttribute(
        _ call: Call, _ reader: inout MessageReader, _ ticket: consuming ReplyTicket
    ) throws(MalformedRequest) {
        let context = call.context
        switch call.opcode {
        case .getExtendedAttribute:
            let room = Int(try reader.u32())
            try reader.skip(4)
            fileSystem.getExtendedAttribute(
                ExtendedAttributeRequest(context, name: try reader.string()),
                ExtendedAttributeReply(ticket, room: room))
        case .listExtendedAttributes:
            let room = Int(try reader.u32())
            fileSystem.listExtendedAttributes(
                context, ExtendedAttributeReply(ticket, room: room))
        case .setExtendedAttribute:
            fileSystem.setExtendedAttribute(
                try SetExtendedAttributeRequest(
                    context, &reader, isExtended: isAgreed(.extendedSetAttribute)),
                EmptyReply(ticket))
        default:
            fileSystem.removeExtendedAttribute(
                NameRequest(context, try reader.string()), EmptyReply(ticket))
        }
    }

    func dispatchLock(
        _ call: Call, _ reader: inout MessageReader, _ ticket: consuming ReplyTicket
    ) throws(MalformedRequest) {
        let request = try LockRequest(call.context, &reader)
        switch call.opcode {
        case .testLock: fileSystem.testLock(request, LockReply(ticket))
        case .setLock: fileSystem.setLock(request, EmptyReply(ticket))
        default: fileSystem.waitForLock(request, EmptyReply(ticket))
        }
    }
}
