internal import IOStack

/// The descriptors of this process and how many of them each user's open files may take.
///
/// A user has at most half of what the others leave: so a client that opens whatever it can leaves
/// half to the next, and no user finds nothing. What requests, gates and listings need for a moment
/// is no file's.
///
/// Lock order: a leaf. Any thread.
final class DescriptorShares: Sendable {
    /// Files may take so many together.
    let capacity: Int
    /// Directories that may be kept open.
    let openDirectories: Int
    /// Threads that may serve, with those that wait: each has two descriptors of the device.
    let threads: Int
    /// One user alone has the mount: it takes what there is.
    private let isShared: Bool

    private struct State {
        var total = 0
        var byUser: [UInt32: Int] = [:]
    }

    private let state = Guarded(State())

    /// - Parameters:
    ///   - limit: descriptors that the process may have (`RLIMIT_NOFILE`).
    ///   - inUse: that the process has already; inherited ones may be many.
    ///   - threads: that were asked for, with those that wait.
    ///   - openDirectories: that were asked for.
    init(limit: Int, inUse: Int = 0, threads: Int, openDirectories: Int, isShared: Bool) {
        // Each thread may open some files for a moment; events of gates take one each.
        self.threads = max(4, min(threads, limit / 16))
        let reserve = min(max(limit / 8, 64), 1024) + 2 * self.threads + max(24, inUse + 8)
        self.openDirectories = max(1, min(openDirectories, limit / 8))
        capacity = max(8, limit - reserve - self.openDirectories)
        self.isShared = isShared
    }

    /// Counts an open file of a user in.
    ///
    /// - Parameter others: descriptors that files keep beside open handles.
    /// - Throws: `ENFILE` where the user has its share.
    func take(for user: UInt32, beside others: Int) throws(IOFailure) {
        let isTaken = state.withLock { state in
            let own = state.byUser[user, default: 0]
            let free = capacity - others - state.total
            guard isShared ? own < free : free > 0 else { return false }
            state.total += 1
            state.byUser[user] = own + 1
            return true
        }
        guard isTaken else { throw IOFailure(errno: 23) }
    }

    func give(back user: UInt32) {
        state.withLock { state in
            guard let own = state.byUser[user] else { return }
            state.total -= 1
            state.byUser[user] = own > 1 ? own - 1 : nil
        }
    }

    /// A quarter is left over: so much may go into ways by which the kernel reads files.
    func hasRoomForKernelReads(beside others: Int) -> Bool {
        state.withLock { capacity - others - $0.total > capacity / 4 }
    }
}
