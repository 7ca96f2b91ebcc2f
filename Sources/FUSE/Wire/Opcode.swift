/// The kinds of request (`enum fuse_opcode`, linux/fuse.h of protocol 7.45).
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
}

extension Opcode {
    /// As the kernel's headers call an operation, without `FUSE_`; a number that they do not have
    /// by its digits.
    static func kernelName(of number: UInt32) -> String {
        Opcode(rawValue: number)?.kernelName ?? "opcode \(number)"
    }

    var kernelName: String {
        switch self {
        case .lookup: "LOOKUP"
        case .forget: "FORGET"
        case .getAttributes: "GETATTR"
        case .setAttributes: "SETATTR"
        case .readLink: "READLINK"
        case .symbolicLink: "SYMLINK"
        case .makeNode: "MKNOD"
        case .makeDirectory: "MKDIR"
        case .unlink: "UNLINK"
        case .removeDirectory: "RMDIR"
        case .rename: "RENAME"
        case .link: "LINK"
        case .open: "OPEN"
        case .read: "READ"
        case .write: "WRITE"
        case .fileSystemStatus: "STATFS"
        case .release: "RELEASE"
        case .synchronize: "FSYNC"
        case .setExtendedAttribute: "SETXATTR"
        case .getExtendedAttribute: "GETXATTR"
        case .listExtendedAttributes: "LISTXATTR"
        case .removeExtendedAttribute: "REMOVEXATTR"
        case .flush: "FLUSH"
        case .initialize: "INIT"
        case .openDirectory: "OPENDIR"
        case .readDirectory: "READDIR"
        case .releaseDirectory: "RELEASEDIR"
        case .synchronizeDirectory: "FSYNCDIR"
        case .testLock: "GETLK"
        case .setLock: "SETLK"
        case .waitForLock: "SETLKW"
        case .access: "ACCESS"
        case .create: "CREATE"
        case .interrupt: "INTERRUPT"
        case .mapBlock: "BMAP"
        case .destroy: "DESTROY"
        case .control: "IOCTL"
        case .poll: "POLL"
        case .notifyReply: "NOTIFY_REPLY"
        case .batchForget: "BATCH_FORGET"
        case .allocate: "FALLOCATE"
        case .readDirectoryPlus: "READDIRPLUS"
        case .renameWithFlags: "RENAME2"
        case .seek: "LSEEK"
        case .copyFileRange: "COPY_FILE_RANGE"
        case .setUpMapping: "SETUPMAPPING"
        case .removeMapping: "REMOVEMAPPING"
        case .synchronizeFileSystem: "SYNCFS"
        case .temporaryFile: "TMPFILE"
        case .extendedStatus: "STATX"
        case .copyFileRange64: "COPY_FILE_RANGE_64"
        }
    }
}
