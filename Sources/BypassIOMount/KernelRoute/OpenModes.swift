internal import FUSE
internal import IOStack
internal import Synchronization

/// How the kernel has each node open: with its page cache, or past it. It never does both at once
/// with one node, and takes one backing file for a node only; an open that breaks this fails with
/// EIO (fs/fuse/iomode.c). So every open goes by here, and keeps to what the others of its node do.
///
/// An open counts from before it is answered until its RELEASE, which the kernel sends when it has
/// let go of the mode.
///
/// Lock order: one lock, a leaf.
final class OpenModes: Sendable {
    private enum Mode {
        case cached(opens: Int)
        case backed(BackingFile, opens: Int)
    }

    private let modes = Guarded<[UInt64: Mode]>([:])
    /// Of the modes, changed under their lock; relaxed: whoever looks wants to know about how many.
    private let backed = Atomic<Int>(0)

    /// What a node is backed by; nil while it is open through the cache, or by nobody.
    func backing(of node: UInt64) -> BackingFile? {
        modes.withLock { modes in
            if case .backed(let backing, _) = modes[node] { backing } else { nil }
        }
    }

    /// Files that the kernel reads by itself.
    var backedCount: Int {
        backed.load(ordering: .relaxed)
    }

    func isCached(_ node: UInt64) -> Bool {
        modes.withLock { modes in
            if case .cached = modes[node] { true } else { false }
        }
    }

    /// Counts in an open that the kernel is not to read for by itself.
    func enter(_ node: UInt64) -> OpenWay {
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

    /// Counts in an open that the kernel may read for; nil, and not counted, if another came first
    /// that uses the cache. The backing file is the one that the node has already, if it has one.
    func enter(_ node: UInt64, with backing: BackingFile) -> OpenWay? {
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

    func leave(_ node: UInt64) {
        // A backing file is closed after the lock is released.
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
