internal import FUSE
internal import LinuxKit

/// How the kernel has a file open for a program.
enum OpenWay: Sendable {
    /// Through its page cache; reads of missing pages, and O_DIRECT reads, come as requests.
    case cached
    /// Every read and write comes as a request: the file's size does not tell how much there is to
    /// read.
    case direct
    /// Like `kernel`, but each read and write comes as a request. Mappings are of the backing file.
    case pastCache(BackingFile)
    /// The kernel reads and maps the backing file itself.
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
