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

    // Sets that opcodes share. A set is made once: a literal would be put together for each
    // request.

    /// Of a request that the service carries and answers.
    static let usual: OperationTraits = [.hasReply, .makesWay, .mayBePutAside]
    static let read: OperationTraits = [
        .hasReply, .mayBeCarried, .mayBePutAside, .movesData, .tellsSize,
    ]
    static let write: OperationTraits = [.usual, .movesData, .tellsSize]
    static let listing: OperationTraits = [.usual, .tellsSize]
    static let name: OperationTraits = [.usual, .namesSomething]
    static let slow: OperationTraits = [.usual, .takesItsTime]
    static let control: OperationTraits = [.usual, .isControl]
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
        case .lookup, .symbolicLink, .makeNode, .makeDirectory, .unlink, .removeDirectory, .rename,
            .renameWithFlags, .link, .create:
            .name
        case .synchronize, .synchronizeDirectory, .synchronizeFileSystem, .waitForLock, .allocate,
            .copyFileRange, .copyFileRange64:
            .slow
        case .control, .getExtendedAttribute: .control
        case .getAttributes, .setAttributes, .extendedStatus, .readLink, .access,
            .fileSystemStatus, .open, .openDirectory, .temporaryFile, .seek,
            .listExtendedAttributes, .setExtendedAttribute, .removeExtendedAttribute, .testLock,
            .setLock, .mapBlock, .poll, .setUpMapping, .removeMapping:
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
