internal import FUSE

/// How the kernel has a file open for a program.
enum OpenWay: Sendable {
    /// Through its page cache; what the cache lacks, and O_DIRECT reads, come as requests.
    case cached
    /// As the next one, but reads and writes come as requests, each. Mappings are of the backing file.
    case pastCache(BackingFile)
    /// Reads and mappings are the kernel's own, of the backing file.
    case kernel(BackingFile)

    var backing: BackingFile? {
        switch self {
        case .cached: nil
        case .pastCache(let backing), .kernel(let backing): backing
        }
    }

    /// Cached data stays valid from one open to the next: the kernel drops it when it sees that the
    /// file changed.
    func replyFlags(_ flags: OpenFlags) -> OpenReplyFlags {
        switch self {
        case .cached: flags.isDirect ? [.noFlush] : [.noFlush, .keepCache]
        case .pastCache: [.noFlush, .passthrough, .directIO]
        case .kernel: [.noFlush, .passthrough]
        }
    }
}
