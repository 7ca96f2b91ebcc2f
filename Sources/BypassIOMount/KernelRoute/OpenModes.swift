internal import FUSE
internal import IOStack
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
