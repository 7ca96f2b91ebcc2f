internal import SystemPackage

extension Connection {
    /// Takes apart and carries out one request.
    ///
    /// - Parameters:
    ///   - length: of the message in `input`, which begins `room` bytes before its data.
    ///   - output: for the reply's data.
    ///   - channel: where the reply goes.
    ///   - carrier: of the calling thread; it reads for READ where the service allows that.
    func process(
        _ length: Int, in input: TransferBuffer, room: Int = Connection.requestRoom,
        output: TransferBuffer, from channel: any ReplyChannel, carrier: ReadCarrier?
    ) {
        pace.note()
        input.withMessage(header: room, body: max(0, length - room)) { message in
            process(
                message.extracting(first: min(max(length, 0), message.count)), input, output,
                channel, carrier)
        }
    }

    /// The same on a thread that carries nothing else.
    package func process(
        _ length: Int, in input: TransferBuffer, room: Int = Connection.requestRoom,
        output: TransferBuffer, from channel: any ReplyChannel
    ) {
        process(length, in: input, room: room, output: output, from: channel, carrier: nil)
    }

    /// Begins a READ of `limit` bytes at most where its bytes lie in a file of the host; nil for
    /// every other request, of which nothing was done. Never waits.
    package func beginRead(
        _ length: Int, in input: TransferBuffer, room: Int, atMost limit: Int
    ) -> BackingRead? {
        input.withMessage(header: room, body: max(0, length - room)) { message in
            var reader = MessageReader(message)
            guard let header = try? RequestHeader(&reader), header.traits.contains(.mayBeCarried),
                case .read(let request)? = try? parse(header, &reader, length),
                request.size <= min(limit, input.capacity)
            else { return nil }
            pace.note()
            return fileSystem.beginRead(request)
        }
    }

    /// Headers of a WRITE: `struct fuse_in_header` and `struct fuse_write_in`.
    package static var requestRoom: Int { 80 }

    private func process(
        _ message: Span<UInt8>, _ input: TransferBuffer, _ output: TransferBuffer,
        _ channel: any ReplyChannel, _ carrier: ReadCarrier?
    ) {
        var reader = MessageReader(message)
        // Without a header no program waits for an answer.
        guard let header = try? RequestHeader(&reader) else { return }
        let traits = header.traits
        do throws(MalformedRequest) {
            let operation = try parse(header, &reader, message.count)
            if traits.contains(.makesWay), isNegotiated, carrier?.makeWay(for: header) == false {
                return
            }
            run(
                operation,
                Call(header: header, input: input, output: output, carrier: carrier),
                ReplyTicket(unique: header.unique, channel: channel))
        } catch {
            guard traits.contains(.hasReply) else { return }
            ReplyTicket(unique: header.unique, channel: channel).fail(.ioError)
        }
    }

    /// Parses a message of `length` bytes, whose header the reader has taken. Before INIT was
    /// answered no other request makes sense.
    @_lifetime(copy reader)
    private func parse(
        _ header: RequestHeader, _ reader: inout MessageReader, _ length: Int
    ) throws(MalformedRequest) -> Operation {
        guard Int(header.length) == length,
            isNegotiated || header.opcode == Opcode.initialize.rawValue
        else { throw MalformedRequest() }
        return try .parsed(header, &reader, agreedFlags)
    }
}
