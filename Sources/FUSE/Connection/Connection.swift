package import LinuxKit
internal import Synchronization
internal import SystemPackage

/// One mount's conversation with the kernel: takes requests apart and hands them to the file
/// system, whichever way they came.
///
/// Any thread may process requests, each with buffers of its own.
public final class Connection: Sendable {
    public let fileSystem: any FileSystem
    /// Of one WRITE's or READ's data, in bytes.
    public let maximumTransfer: Int
    /// So many requests that no program waits for (readahead, asynchronous I/O) the kernel sends at
    /// once, for all users together. The number exceeds what a single user may keep waiting.
    public let maximumBackground: UInt16

    /// nil where no observer is to be told.
    package let ledger: RequestLedger?

    /// Where requests with effects are written down for a process that takes over if this one
    /// dies; nil: none does.
    package let recovery: RecoveryTable?
    /// Replies that the process that died did not get to send.
    let recalled: RecalledReplies

    /// Of everything that comes.
    let pace = RequestPace()

    /// The result of INIT, published once: `flags` and `maximumWrite` are valid when `minor` is not
    /// 0. Stores happen before the reply to INIT is sent, and the kernel sends no other request
    /// before it has that reply. Release and acquire make this hold for the in-memory channel as
    /// well.
    private let minor = Atomic<UInt32>(0)
    private let flags = Atomic<UInt64>(0)
    /// INIT was answered with an error. Relaxed: it stands alone.
    private let refused = Atomic<Bool>(false)
    /// Of a further transport that is ready. Relaxed: set before the thread starts that answers
    /// INIT.
    private let offered = Atomic<UInt64>(0)

    /// - Parameters:
    ///   - fileSystem: answers the requests.
    ///   - maximumTransfer: at least 4096; the kernel may want less.
    ///   - maximumBackground: see ``maximumBackground``.
    ///   - observer: is told how the session fares.
    ///   - tracer: may follow requests, where there is an observer; see ``follow(_:)``.
    public convenience init(
        _ fileSystem: any FileSystem, maximumTransfer: Int = 1 << 20,
        maximumBackground: UInt16 = 8192, observer: (any SessionObserver)? = nil,
        tracer: (any RequestTracer)? = nil
    ) {
        self.init(
            fileSystem, maximumTransfer: maximumTransfer, maximumBackground: maximumBackground,
            observer: observer, tracer: tracer, recovery: nil)
    }

    /// As the other.
    ///
    /// - Parameters:
    ///   - recovery: where requests with effects are written down.
    ///   - recalled: of the process that died, whose connection this is.
    package init(
        _ fileSystem: any FileSystem, maximumTransfer: Int = 1 << 20,
        maximumBackground: UInt16 = 8192, observer: (any SessionObserver)? = nil,
        tracer: (any RequestTracer)? = nil, recovery: RecoveryTable?,
        recalled: RecoveryTable? = nil
    ) {
        self.recovery = recovery
        self.recalled = RecalledReplies(recalled)
        precondition(maximumTransfer >= 4096 && maximumTransfer <= 1 << 28)
        self.fileSystem = fileSystem
        self.maximumTransfer = maximumTransfer
        self.maximumBackground = maximumBackground
        ledger = observer.map { RequestLedger($0, tracer) }
    }

    /// Has the tracer asked about each request that comes from now on, or no more: then it costs
    /// nothing, beside the look whether the observer wants requests. Any thread, one at a time.
    ///
    /// - Returns: false where there is no observer, and so nothing to follow.
    @discardableResult
    public func follow(_ isOn: Bool) -> Bool {
        ledger?.follow(isOn)
        return ledger != nil
    }

    /// nil until INIT was answered.
    public var negotiation: Negotiation? {
        let minor = minor.load(ordering: .acquiring)
        guard minor != 0 else { return nil }
        return Negotiation(
            minor: minor, flags: InitFlags(rawValue: flags.load(ordering: .relaxed)),
            maximumWrite: maximumTransfer, maximumStackDepth: stackDepth(isAgreed(.passthrough)))
    }

    /// The kernel takes 1 and 2.
    private func stackDepth(_ passes: Bool) -> UInt32 {
        passes ? min(max(fileSystem.maximumStackDepth, 1), 2) : 0
    }

    var isNegotiated: Bool { minor.load(ordering: .acquiring) != 0 }

    /// This side does not speak the kernel's version.
    var isRefused: Bool { refused.load(ordering: .relaxed) }

    package func isAgreed(_ flag: InitFlags) -> Bool { agreedFlags.contains(flag) }

    /// None before INIT was answered.
    var agreedFlags: InitFlags { InitFlags(rawValue: flags.load(ordering: .relaxed)) }

    /// Flags that concern this library alone.
    private static let own: InitFlags = [
        .asynchronousRead, .bigWrites, .asynchronousDirectIO, .parallelDirectoryOperations,
        .maximumPages, .extendedInit, .abortError, .extendedSetAttribute,
    ]

    /// Answers INIT; asks only for what the kernel offers and the file system honours.
    func initialize(_ request: InitRequest, _ ticket: consuming ReplyTicket) {
        guard request.major >= InitRequest.major else { return refuse(ticket) }
        guard request.major == InitRequest.major else {
            // The kernel is to ask again, with our version.
            ticket.succeed { body in
                body.u32(InitRequest.major)
                body.u32(InitRequest.newestMinor)
            }
            return
        }
        guard request.minor >= InitRequest.oldestMinor else { return refuse(ticket) }
        var agreedFlags = request.flags.intersection(Self.own.union(fileSystem.features))
        let offered = InitFlags(rawValue: offered.load(ordering: .relaxed))
        agreedFlags.formUnion(request.flags.intersection(offered))
        // The kernel would leave passthrough off and not say so.
        if agreedFlags.contains(.writebackCache) { agreedFlags.remove(.passthrough) }
        let agreed = Negotiation(
            minor: min(request.minor, InitRequest.newestMinor), flags: agreedFlags,
            maximumWrite: maximumTransfer,
            maximumStackDepth: stackDepth(agreedFlags.contains(.passthrough)))
        flags.store(agreed.flags.rawValue, ordering: .relaxed)
        minor.store(agreed.minor, ordering: .releasing)
        ticket.succeed { body in
            request.write(agreed, maximumBackground: maximumBackground, to: &body)
        }
    }

    /// Another process answered INIT so.
    func adopt(_ agreed: Negotiation) {
        flags.store(agreed.flags.rawValue, ordering: .relaxed)
        minor.store(agreed.minor, ordering: .releasing)
    }

    /// The kernel may be told that a further transport is ready.
    func offer(_ flag: InitFlags) {
        offered.store(flag.rawValue, ordering: .relaxed)
    }

    private func refuse(_ ticket: consuming ReplyTicket) {
        refused.store(true, ordering: .relaxed)
        ticket.fail(.protocolError)
    }
}

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
            let record = traits.contains(.isRecorded) ? recovery : nil
            if let record {
                if recalled.answer(header.unique, channel, record) { return }
                record.begin(header.unique.rawValue, header.opcode)
            }
            run(
                operation,
                Call(header: header, input: input, output: output, carrier: carrier),
                ReplyTicket(unique: header.unique, channel: channel, record: record))
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
