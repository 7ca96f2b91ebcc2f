internal import BypassIOProtocol
internal import FUSE
internal import IOStack
internal import LinuxKit
internal import Synchronization

/// How the kernel has each node open: through its page cache, or past it. It never does both at
/// once for one node, and takes only one backing file for a node; an open that breaks this fails
/// with EIO (fs/fuse/iomode.c). So every open goes through here, and uses the mode of the node's
/// other opens.
///
/// An open counts from before its answer until its RELEASE, which the kernel sends after it has
/// left the mode.
///
/// Lock order: one lock, a leaf.
final class OpenModes: Sendable {
    private enum Mode {
        case cached(opens: Int)
        case backed(BackingFile, opens: Int)
    }

    private let modes = Guarded<[NodeID: Mode]>([:])
    /// The number of backed modes, changed under their lock. Relaxed: readers need only an
    /// approximate number.
    private let backed = Atomic<Int>(0)

    /// The node's backing file; nil while the node is open through the cache, or not open.
    func backing(of node: NodeID) -> BackingFile? {
        modes.withLock { modes in
            if case .backed(let backing, _) = modes[node] { backing } else { nil }
        }
    }

    /// The number of files that the kernel reads by itself.
    var backedCount: Int {
        backed.load(ordering: .relaxed)
    }

    func isCached(_ node: NodeID) -> Bool {
        modes.withLock { modes in
            if case .cached = modes[node] { true } else { false }
        }
    }

    /// Counts an open for which the kernel does not read by itself.
    func enter(_ node: NodeID) -> OpenWay {
        modes.withLock { modes in
            switch modes[node] {
            case nil:
                modes[node] = .cached(opens: 1)
                return .cached
            case .cached(let opens):
                modes[node] = .cached(opens: opens + 1)
                return .cached
            case .backed(let backing, let opens):
                modes[node] = .backed(backing, opens: opens + 1)
                return .pastCache(backing)
            }
        }
    }

    /// Counts an open for which the kernel may read. Returns nil, without counting, if an earlier
    /// open uses the cache. A node that has a backing file keeps it.
    func enter(_ node: NodeID, with backing: BackingFile) -> OpenWay? {
        modes.withLock { modes in
            switch modes[node] {
            case nil:
                modes[node] = .backed(backing, opens: 1)
                backed.wrappingAdd(1, ordering: .relaxed)
                return .kernel(backing)
            case .cached:
                return nil
            case .backed(let known, let opens):
                modes[node] = .backed(known, opens: opens + 1)
                return .kernel(known)
            }
        }
    }

    /// Counts an open of another process. `make` makes the backing file of the node's first.
    func restore(
        _ node: NodeID, _ handed: ServiceState.OpenWay, _ make: (Int32) -> BackingFile
    ) -> OpenWay {
        let number: Int32
        switch handed {
        case .cached: return enter(node)
        case .pastCache(let backing), .kernel(let backing): number = backing
        }
        let backing = backing(of: node) ?? make(number)
        guard let way = enter(node, with: backing) else { return enter(node) }
        if case .pastCache = handed { return .pastCache(backing) }
        return way
    }

    /// The backing files of another process are this one's from now on.
    func takeOver() {
        modes.withLock { modes in
            for case .backed(let backing, _) in modes.values { backing.takeOver() }
        }
    }

    func leave(_ node: NodeID) {
        // The backing file closes after the lock is released.
        let left = modes.withLock { modes -> Mode? in
            switch modes[node] {
            case nil: break
            case .cached(let opens):
                modes[node] = opens > 1 ? .cached(opens: opens - 1) : nil
            case .backed(let backing, let opens):
                guard opens == 1 else {
                    modes[node] = .backed(backing, opens: opens - 1)
                    break
                }
                self.backed.wrappingSubtract(1, ordering: .relaxed)
                return modes.removeValue(forKey: node)
            }
            return nil
        }
        withExtendedLifetime(left) {}
    }
}

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

/// The outcome of an open: how the kernel has the file open, and why it does not read it itself. A
/// class, because most mounts have no decisions: then a handle keeps only a nil pointer.
final class OpenDecision: Sendable {
    let way: OpenWay
    /// Set where the kernel reads the file itself.
    let opener: KernelOpener?
    let refusal: KernelRouteRefusal?
    /// The kernel reads it, and had to ask before reads from the start.
    let wasGated: Bool

    init(
        way: OpenWay, opener: KernelOpener?, refusal: KernelRouteRefusal?, wasGated: Bool = false
    ) {
        self.wasGated = wasGated
        self.way = way
        self.opener = opener
        self.refusal = refusal
    }
}

extension OpenHandle {
    /// The route, and the reason why no faster route is in use.
    var route: (HandleRoute, because: String?) {
        if decision?.opener != nil {
            guard let cause = file.kernelReadCause else { return (.kernelBypass, nil) }
            return (.gated, cause.description)
        }
        let refusal = decision?.refusal.map { "the kernel does not read it: \($0)" }
        guard file.isBypassEnabled else { return (.traditional, refusal) }
        if let cause = file.traditionalCause { return (.traditional, cause.description) }
        return (.serviceBypass, refusal)
    }
}
