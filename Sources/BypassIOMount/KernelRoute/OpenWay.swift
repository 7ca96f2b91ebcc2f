internal import FUSE
internal import LinuxKit

/// How the kernel has a file open for a program.
enum OpenWay: Sendable {
    /// Through its page cache; what the cache lacks, and O_DIRECT reads, come as requests.
    case cached
    /// Every read and write comes as a request: the size says nothing of what there is to read.
    case direct
    /// As the next one, but reads and writes come as requests, each. Mappings are of the backing
    /// file.
    case pastCache(BackingFile)
    /// Reads and mappings are the kernel's own, of the backing file.
    case kernel(BackingFile)

    var backing: BackingFile? {
        switch self {
        case .cached, .direct: nil
        case .pastCache(let backing), .kernel(let backing): backing
        }
    }

    /// Cached data stays valid from one open to the next: the kernel drops it when it sees that the
    /// file changed.
    func replyFlags(_ flags: OpenFlags) -> OpenReplyFlags {
        switch self {
        case .cached: flags.isDirect ? [.noFlush] : [.noFlush, .keepCache]
        case .direct: [.noFlush, .directIO]
        case .pastCache: [.noFlush, .passthrough, .directIO]
        case .kernel: [.noFlush, .passthrough]
        }
    }
}
