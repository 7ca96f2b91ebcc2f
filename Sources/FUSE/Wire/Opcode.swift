/// What a request asks for (`enum fuse_opcode`, linux/fuse.h of protocol 7.45).
public enum Opcode: UInt32, Sendable, CaseIterable {
    case lookup = 1
    /// Has no reply.
    case forget = 2
    case getAttributes = 3
    case setAttributes = 4
    case readLink = 5
    case symbolicLink = 6
    case makeNode = 8
    case makeDirectory = 9
    case unlink = 10
    case removeDirectory = 11
    case rename = 12
    case link = 13
    case open = 14
    case read = 15
    case write = 16
    case fileSystemStatus = 17
    case release = 18
    case synchronize = 20
    case setExtendedAttribute = 21
    case getExtendedAttribute = 22
    case listExtendedAttributes = 23
    case removeExtendedAttribute = 24
    case flush = 25
    case initialize = 26
    case openDirectory = 27
    case readDirectory = 28
    case releaseDirectory = 29
    case synchronizeDirectory = 30
    case testLock = 31
    case setLock = 32
    case waitForLock = 33
    case access = 34
    case create = 35
    /// Has no reply.
    case interrupt = 36
    case mapBlock = 37
    case destroy = 38
    case control = 39
    case poll = 40
    /// Has no reply.
    case notifyReply = 41
    /// Has no reply.
    case batchForget = 42
    case allocate = 43
    case readDirectoryPlus = 44
    case renameWithFlags = 45
    case seek = 46
    case copyFileRange = 47
    case setUpMapping = 48
    case removeMapping = 49
    case synchronizeFileSystem = 50
    case temporaryFile = 51
    case extendedStatus = 52
    /// Since 7.45.
    case copyFileRange64 = 53

    /// Waits for a disk, for other programs or for lots of data as a matter of course.
    var takesItsTime: Bool {
        switch self {
        case .synchronize, .synchronizeDirectory, .synchronizeFileSystem, .waitForLock, .allocate,
            .copyFileRange, .copyFileRange64:
            true
        default: false
        }
    }

    /// Is about a name in a directory, not about the directory itself.
    var namesSomething: Bool {
        switch self {
        case .lookup, .symbolicLink, .makeNode, .makeDirectory, .unlink, .removeDirectory, .rename,
            .renameWithFlags, .link, .create:
            true
        default: false
        }
    }

    /// May be carried later where others of the same user or file wait. What ends or undoes something may
    /// be what they wait for.
    var mayBePutAside: Bool {
        switch self {
        case .forget, .batchForget, .interrupt, .notifyReply, .initialize, .destroy, .release,
            .releaseDirectory, .flush:
            false
        default: true
        }
    }

    /// A file's bytes come with the request or the reply.
    var movesData: Bool { self == .read || self == .write }

    /// The kernel waits for an answer.
    public var hasReply: Bool {
        switch self {
        case .forget, .batchForget, .interrupt, .notifyReply: false
        default: true
        }
    }
}
