internal import IOStack
internal import SystemPackage

/// The descriptors of this process and how many of them each user's open files may take.
///
/// A user has at most half of what the others leave: so a client that opens whatever it can leaves
/// half to the next, and no user finds nothing. What requests, gates and listings need for a moment
/// is no file's.
///
/// Handles may share a descriptor. It counts once, and once for each user who has a handle on it:
/// so nobody's share is used up by what others do, and whoever opens one file again and again takes
/// one.
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

    fileprivate struct State {
        /// Descriptors, with those that opens under way may need.
        var total = 0
        var byUser: [UInt32: Int] = [:]
        /// Handles of a user on a descriptor.
        var handles: [Holding: Int] = [:]
        /// Users of a descriptor.
        var users: [Int32: Int] = [:]
    }

    fileprivate struct Holding: Hashable {
        let user: UInt32
        let descriptor: Int32
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

    /// Counts a descriptor in for an open of a user that begins; false where the user has its
    /// share.
    ///
    /// - Parameter others: descriptors that files keep beside open handles.
    func reserve(for user: UInt32, beside others: Int) -> Bool {
        state.withLock { state in
            let own = state.byUser[user, default: 0]
            let free = capacity - others - state.total
            guard isShared ? own < free : free > 0 else { return false }
            state.total += 1
            state.byUser[user] = own + 1
            return true
        }
    }

    /// The open has failed.
    func cancel(for user: UInt32) {
        state.withLock { $0.countOut(user) }
    }

    /// The open has this descriptor; nil for one that has none, which counts for the user all the
    /// same.
    ///
    /// - Parameter isReserved: ``reserve(for:beside:)`` had room. Otherwise the open may have only
    ///   what the user has already.
    /// - Returns: false where it may not, and is not counted.
    func settle(_ user: UInt32, _ descriptor: Int32?, isReserved: Bool) -> Bool {
        guard let descriptor else { return isReserved }
        let holding = Holding(user: user, descriptor: descriptor)
        return state.withLock { state in
            if let handles = state.handles[holding] {
                state.handles[holding] = handles + 1
                if isReserved { state.countOut(user) }
                return true
            }
            guard isReserved else { return false }
            state.handles[holding] = 1
            let users = state.users[descriptor, default: 0]
            state.users[descriptor] = users + 1
            if users > 0 { state.total -= 1 }
            return true
        }
    }

    /// A handle that was settled is gone.
    func give(back user: UInt32, _ descriptor: Int32?) {
        state.withLock { state in
            guard let descriptor else { return state.countOut(user) }
            let holding = Holding(user: user, descriptor: descriptor)
            guard let handles = state.handles[holding] else { return }
            guard handles == 1 else {
                state.handles[holding] = handles - 1
                return
            }
            state.handles[holding] = nil
            let users = state.users[descriptor, default: 1]
            state.users[descriptor] = users > 1 ? users - 1 : nil
            // Counted out below once more than it is had.
            if users > 1 { state.total += 1 }
            state.countOut(user)
        }
    }

    /// A quarter is left over: so much may go into ways by which the kernel reads files.
    func hasRoomForKernelReads(beside others: Int) -> Bool {
        state.withLock { capacity - others - $0.total > capacity / 4 }
    }
}

extension DescriptorShares.State {
    fileprivate mutating func countOut(_ user: UInt32) {
        guard let own = byUser[user] else { return }
        total -= 1
        byUser[user] = own > 1 ? own - 1 : nil
    }
}
