internal import SystemPackage

extension Connection {
    /// Takes apart and carries out one request.
    ///
    /// - Parameters:
    ///   - length: of the message in `input`, which begins `room` bytes before its data.
    ///   - output: for the reply's data.
    ///   - channel: where the reply goes.
    ///   - carrier: of the calling thread, which fetches what READ wants where the service allows.
    func process(
        _ length: Int, in input: TransferBuffer, room: Int = Connection.requestRoom,
        output: TransferBuffer, from channel: any ReplyChannel, carrier: ReadCarrier? = nil
    ) {
        pace.note()
        input.withMessage(header: room, body: max(0, length - room)) { message in
            process(
                message.extracting(first: min(max(length, 0), message.count)), input, output,
                channel, carrier)
        }
    }

    /// Begins a READ of `limit` bytes at most where its bytes lie in a file of the host; nil for every
    /// other request, of which nothing was done. Never waits.
    func beginRead(
        _ length: Int, in input: TransferBuffer, room: Int, atMost limit: Int
    ) -> BackingRead? {
        input.withMessage(header: room, body: max(0, length - room)) { message in
            var reader = MessageReader(message)
            guard let header = try? RequestHeader(&reader),
                header.opcode == Opcode.read.rawValue, Int(header.length) == length,
                let request = try? ReadRequest(RequestContext(header), &reader),
                request.size <= min(limit, input.capacity)
            else { return nil }
            pace.note()
            return fileSystem.beginRead(request)
        }
    }

    /// Headers of a WRITE: `struct fuse_in_header` and `struct fuse_write_in`.
    static var requestRoom: Int { 80 }

    private func process(
        _ message: Span<UInt8>, _ input: TransferBuffer, _ output: TransferBuffer,
        _ channel: any ReplyChannel, _ carrier: ReadCarrier?
    ) {
        var reader = MessageReader(message)
        let header: RequestHeader
        do throws(MalformedRequest) {
            header = try RequestHeader(&reader)
        } catch {
            // Without a header there is nobody to answer.
            return
        }
        guard let opcode = Opcode(rawValue: header.opcode) else {
            return ReplyTicket(unique: header.unique, channel: channel).fail(.noFunction)
        }
        guard opcode.hasReply else {
            // Who is to be interrupted may be what the disk does not answer.
            if opcode != .interrupt, carrier?.makeWay(for: opcode, header) == false { return }
            return note(opcode, header, &reader, carrier)
        }
        if opcode != .read, header.length == message.count, isNegotiated,
            carrier?.makeWay(for: opcode, header) == false
        {
            return
        }
        let ticket = ReplyTicket(unique: header.unique, channel: channel)
        guard header.length == message.count, isNegotiated || opcode == .initialize else {
            return ticket.fail(.ioError)
        }
        let call = Call(
            opcode: opcode, header: header, context: RequestContext(header), input: input,
            output: output, carrier: carrier)
        do throws(MalformedRequest) {
            // A ticket that is dropped on the way answers EIO.
            try dispatch(call, &reader, ticket)
        } catch {}
    }

    /// A request on its way to the file system.
    struct Call {
        let opcode: Opcode
        let header: RequestHeader
        let context: RequestContext
        let input: TransferBuffer
        let output: TransferBuffer
        let carrier: ReadCarrier?
    }

    /// Requests without a reply.
    private func note(
        _ opcode: Opcode, _ header: RequestHeader, _ reader: inout MessageReader,
        _ carrier: ReadCarrier?
    ) {
        do throws(MalformedRequest) {
            switch opcode {
            case .forget:
                fileSystem.forget(node: header.node, count: try reader.u64())
            case .batchForget:
                let count = try reader.u32()
                try reader.skip(4)
                for _ in 0..<count {
                    fileSystem.forget(node: try reader.u64(), count: try reader.u64())
                }
            case .interrupt:
                let unique = try reader.u64()
                carrier?.interrupt(unique)
                fileSystem.interrupt(unique: unique)
            default: break
            }
        } catch {}
    }

    private func dispatch(
        _ call: Call, _ reader: inout MessageReader, _ ticket: consuming ReplyTicket
    ) throws(MalformedRequest) {
        switch call.opcode {
        case .initialize:
            initialize(try InitRequest(&reader), ticket)
        case .destroy:
            fileSystem.destroy()
            ticket.succeed()
        case .lookup, .getAttributes, .setAttributes, .extendedStatus, .readLink, .access,
            .fileSystemStatus, .synchronizeFileSystem:
            try dispatchNode(call, &reader, ticket)
        case .makeNode, .makeDirectory, .symbolicLink, .link, .unlink, .removeDirectory, .rename,
            .renameWithFlags:
            try dispatchName(call, &reader, ticket)
        case .read, .write, .seek, .copyFileRange, .copyFileRange64, .allocate, .control:
            try dispatchData(call, &reader, ticket)
        case .open, .create, .temporaryFile, .flush, .release, .synchronize, .openDirectory,
            .readDirectory, .readDirectoryPlus, .releaseDirectory, .synchronizeDirectory:
            try dispatchOpenFile(call, &reader, ticket)
        case .getExtendedAttribute, .listExtendedAttributes, .setExtendedAttribute,
            .removeExtendedAttribute:
            try dispatchExtendedAttribute(call, &reader, ticket)
        case .testLock, .setLock, .waitForLock:
            try dispatchLock(call, &reader, ticket)
        case .mapBlock, .poll, .setUpMapping, .removeMapping, .forget, .batchForget, .interrupt,
            .notifyReply:
            ticket.fail(.noFunction)
        }
    }
}
