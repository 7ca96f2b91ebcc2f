/// A request of the kernel, parsed: each opcode is a case of its own.
///
/// Bytes stay in the message, of which an operation holds spans. It holds no reference, so to copy
/// it costs no count.
enum Operation: ~Escapable {
    // The connection.
    case initialize(InitRequest)
    case destroy
    case interrupt(InterruptRequest)
    // Nodes.
    case lookup(NameRequest)
    /// LOOKUP of ".", where handles of files were agreed on.
    case lookupSelf(RequestContext)
    /// LOOKUP of "..", where handles of files were agreed on.
    case lookupParent(RequestContext)
    case forget(ForgottenNode)
    case batchForget(ForgottenNodes)
    case getAttributes(GetAttributesRequest)
    case setAttributes(SetAttributesRequest)
    case extendedStatus(GetAttributesRequest)
    case readLink(RequestContext)
    case access(AccessRequest)
    // Names.
    case makeNode(MakeRequest)
    case makeDirectory(MakeRequest)
    case symbolicLink(SymbolicLinkRequest)
    case link(LinkRequest)
    case unlink(NameRequest)
    case removeDirectory(NameRequest)
    case rename(RenameRequest)
    case renameWithFlags(RenameRequest)
    // Open files.
    case open(OpenRequest)
    case create(CreateRequest)
    case temporaryFile(CreateRequest)
    case read(ReadRequest)
    case write(WrittenRange)
    case flush(FlushRequest)
    case release(ReleaseRequest)
    case synchronize(SynchronizeRequest)
    case allocate(AllocateRequest)
    case seek(SeekRequest)
    case copyFileRange(CopyFileRangeRequest)
    case copyFileRange64(CopyFileRangeRequest)
    case control(ControlRequest)
    // Directories.
    case openDirectory(OpenRequest)
    case readDirectory(ReadRequest)
    case readDirectoryPlus(ReadRequest)
    case releaseDirectory(ReleaseRequest)
    case synchronizeDirectory(SynchronizeRequest)
    // Extended attributes.
    case getExtendedAttribute(GetExtendedAttributeRequest)
    case listExtendedAttributes(ListExtendedAttributesRequest)
    case setExtendedAttribute(SetExtendedAttributeRequest)
    case removeExtendedAttribute(NameRequest)
    // Locks.
    case testLock(LockRequest)
    case setLock(LockRequest)
    case waitForLock(LockRequest)
    // The file system.
    case fileSystemStatus(RequestContext)
    case synchronizeFileSystem(RequestContext)
    // Not supported.
    case mapBlock
    case poll
    case notifyReply
    case setUpMapping
    case removeMapping
    /// An opcode that has no name here.
    case unknown(UInt32)
}

extension Operation {
    /// Takes the rest of a message apart, whose header was taken already.
    ///
    /// - Parameter agreed: on which features the structures depend.
    @_lifetime(copy reader)
    static func parsed(
        _ header: RequestHeader, _ reader: inout MessageReader, _ agreed: InitFlags
    ) throws(MalformedRequest) -> Operation {
        guard let opcode = Opcode(rawValue: header.opcode) else { return .unknown(header.opcode) }
        let context = RequestContext(header)
        return switch opcode {
        case .lookup: try lookup(context, &reader, agreed)
        case .forget: .forget(try ForgottenNode(context, &reader))
        case .getAttributes: .getAttributes(try .init(context, &reader))
        case .setAttributes: .setAttributes(try .init(context, &reader))
        case .readLink: .readLink(context)
        case .symbolicLink: .symbolicLink(try .init(context, &reader))
        case .makeNode: .makeNode(try .init(node: context, &reader))
        case .makeDirectory: .makeDirectory(try .init(directory: context, &reader))
        case .unlink: .unlink(try .init(context, &reader))
        case .removeDirectory: .removeDirectory(try .init(context, &reader))
        case .rename: .rename(try .init(context, &reader, withFlags: false))
        case .link: .link(try .init(context, &reader))
        case .open: .open(try .init(context, &reader))
        case .read: .read(try .init(context, &reader))
        case .write: .write(try .init(context, &reader))
        case .fileSystemStatus: .fileSystemStatus(context)
        case .release: .release(try .init(context, &reader))
        case .synchronize: .synchronize(try .init(context, &reader))
        case .setExtendedAttribute: .setExtendedAttribute(try .init(context, &reader, agreed))
        case .getExtendedAttribute: .getExtendedAttribute(try .init(context, &reader))
        case .listExtendedAttributes: .listExtendedAttributes(try .init(context, &reader))
        case .removeExtendedAttribute: .removeExtendedAttribute(try .init(context, text: &reader))
        case .flush: .flush(try .init(context, &reader))
        case .initialize: .initialize(try .init(&reader))
        case .openDirectory: .openDirectory(try .init(context, &reader))
        case .readDirectory: .readDirectory(try .init(context, &reader))
        case .releaseDirectory: .releaseDirectory(try .init(context, &reader))
        case .synchronizeDirectory: .synchronizeDirectory(try .init(context, &reader))
        case .testLock: .testLock(try .init(context, &reader))
        case .setLock: .setLock(try .init(context, &reader))
        case .waitForLock: .waitForLock(try .init(context, &reader))
        case .access: .access(try .init(context, &reader))
        case .create: .create(try .init(context, &reader, isNamed: true))
        case .interrupt: .interrupt(try .init(&reader))
        case .mapBlock: .mapBlock
        case .destroy: .destroy
        case .control: .control(try .init(context, &reader))
        case .poll: .poll
        case .notifyReply: .notifyReply
        case .batchForget: .batchForget(try .init(&reader))
        case .allocate: .allocate(try .init(context, &reader))
        case .readDirectoryPlus: .readDirectoryPlus(try .init(context, &reader))
        case .renameWithFlags: .renameWithFlags(try .init(context, &reader, withFlags: true))
        case .seek: .seek(try .init(context, &reader))
        case .copyFileRange: .copyFileRange(try .init(context, &reader))
        case .setUpMapping: .setUpMapping
        case .removeMapping: .removeMapping
        case .synchronizeFileSystem: .synchronizeFileSystem(context)
        case .temporaryFile: .temporaryFile(try .init(context, &reader, isNamed: false))
        case .extendedStatus: .extendedStatus(try .init(context, &reader))
        case .copyFileRange64: .copyFileRange64(try .init(context, &reader))
        }
    }

    /// The kernel asks for a node by its number where handles of files are agreed on.
    @_lifetime(copy reader)
    private static func lookup(
        _ context: RequestContext, _ reader: inout MessageReader, _ agreed: InitFlags
    ) throws(MalformedRequest) -> Operation {
        if agreed.contains(.exportSupport) {
            if reader.isName(ofDots: 1) { return .lookupSelf(context) }
            if reader.isName(ofDots: 2) { return .lookupParent(context) }
        }
        return .lookup(try NameRequest(context, &reader))
    }
}

/// A session has to know this of a request before the service sees it.
struct OperationTraits: OptionSet, Sendable {
    let rawValue: UInt16

    /// The kernel waits for an answer.
    static let hasReply = OperationTraits(rawValue: 1 << 0)
    /// The service may wait while it carries the request. So a carrier answers its reads first, and
    /// another thread waits for the next request.
    static let makesWay = OperationTraits(rawValue: 1 << 1)
    /// The service may say where the bytes lie (``FileSystem/beginRead(_:)``). If it does, a
    /// carrier reads them beside others and makes no way.
    static let mayBeCarried = OperationTraits(rawValue: 1 << 2)
    /// May be carried later where others of the same user or file wait. A request that ends or
    /// undoes something is carried at once, because they may wait for that.
    static let mayBePutAside = OperationTraits(rawValue: 1 << 3)
    /// Waits for a disk, for other programs or for lots of data as a matter of course.
    static let takesItsTime = OperationTraits(rawValue: 1 << 4)
    /// Is about a name in a directory, not about the directory itself.
    static let namesSomething = OperationTraits(rawValue: 1 << 5)
    /// A control, or a report, at which an administrator looks when all else waits.
    static let isControl = OperationTraits(rawValue: 1 << 6)
    /// A file's bytes come with the request or the reply.
    static let movesData = OperationTraits(rawValue: 1 << 7)
    /// Handle and offset come first, and then the size of the data.
    static let tellsSize = OperationTraits(rawValue: 1 << 8)
    /// Has no effect before its reply: another process may carry it once more, if this one does not
    /// get to answer it.
    static let mayBeRepeated = OperationTraits(rawValue: 1 << 9)
    /// Is written down with its reply for another process, where one may take over: to carry it
    /// twice would do harm.
    static let isRecorded = OperationTraits(rawValue: 1 << 10)

    // Sets that opcodes share. A set is made once: a literal would be put together for each
    // request.

    /// Of a request that the service carries and answers.
    static let usual: OperationTraits = [.hasReply, .makesWay, .mayBePutAside]
    static let read: OperationTraits = [
        .hasReply, .mayBeCarried, .mayBePutAside, .movesData, .tellsSize, .mayBeRepeated,
    ]
    static let question: OperationTraits = [.usual, .mayBeRepeated]
    static let opening: OperationTraits = [.question, .isRecorded]
    static let change: OperationTraits = [.usual, .isRecorded]
    static let write: OperationTraits = [.change, .movesData, .tellsSize]
    static let listing: OperationTraits = [.usual, .tellsSize, .mayBeRepeated]
    static let name: OperationTraits = [.change, .namesSomething]
    static let lookup: OperationTraits = [.usual, .namesSomething, .mayBeRepeated]
    static let slow: OperationTraits = [.usual, .takesItsTime]
    static let slowChange: OperationTraits = [.slow, .isRecorded]
    static let control: OperationTraits = [.change, .isControl]
    static let report: OperationTraits = [.question, .isControl]
    /// Of a request that ends something.
    static let end: OperationTraits = [.hasReply, .makesWay]
    static let interrupt: OperationTraits = []
    /// Of an opcode that has no name here: the answer is ENOSYS.
    static let unknown: OperationTraits = .hasReply
}

extension Opcode {
    /// Names every opcode, so that the compiler sees where a new opcode is missing.
    var traits: OperationTraits {
        switch self {
        case .read: .read
        case .write: .write
        case .readDirectory, .readDirectoryPlus: .listing
        case .lookup: .lookup
        case .symbolicLink, .makeNode, .makeDirectory, .unlink, .removeDirectory, .rename,
            .renameWithFlags, .link, .create:
            .name
        case .synchronize, .synchronizeDirectory, .synchronizeFileSystem, .waitForLock: .slow
        case .allocate, .copyFileRange, .copyFileRange64: .slowChange
        case .control: .control
        case .getExtendedAttribute: .report
        case .getAttributes, .extendedStatus, .readLink, .access, .fileSystemStatus, .seek,
            .listExtendedAttributes:
            .question
        // What an open made here is known to nobody before the reply. Cutting twice is cutting.
        case .open, .openDirectory: .opening
        case .setAttributes, .temporaryFile, .setExtendedAttribute, .removeExtendedAttribute:
            .change
        case .testLock, .setLock, .mapBlock, .poll, .setUpMapping,
            .removeMapping:
            .usual
        case .initialize, .destroy, .flush, .release, .releaseDirectory: .end
        case .forget, .batchForget, .notifyReply: .makesWay
        // The request that it names may be a read that the disk does not answer.
        case .interrupt: .interrupt
        }
    }

    /// The kernel waits for an answer.
    public var hasReply: Bool { traits.contains(.hasReply) }
}

extension RequestHeader {
    var traits: OperationTraits { Opcode(rawValue: opcode)?.traits ?? .unknown }
}
