internal import IOStack
internal import SystemPackage

/// The descriptors of this process, and how many of them each user's open files may take.
///
/// A user gets at most half of what the other users leave. So a client that opens as many files as
/// it can leaves half to the next user, and every user gets some. Descriptors that requests, gates
/// and listings need for a moment are not part of the files' capacity.
///
/// Handles may share a descriptor. It counts once in total, and once for each user with a handle on
/// it: so other users never use up a user's share, and a user that opens one file repeatedly takes
/// one descriptor. The further handles of that descriptor take memory alone; they have a limit of
/// their own, which users share in the same way.
///
/// Lock order: a leaf. Any thread may call.
final class DescriptorShares: Sendable {
    /// Descriptors for files, in total.
    let capacity: Int
    /// Handles beyond the first of a user on a descriptor, in total.
    let furtherHandles: Int
    /// Directories that the mount may keep open.
    let openDirectories: Int
    /// Threads that may serve, including those that wait: each has two descriptors of the device.
    let threads: Int
    /// Whether several users share the mount; otherwise its only user may take everything.
    private let isShared: Bool

    fileprivate struct State {
        /// Descriptors in use, including those that opens under way may need.
        var total = 0
        var byUser: [UInt32: Int] = [:]
        /// The number of a user's handles on a descriptor.
        var handles: [Holding: Int] = [:]
        /// The number of a descriptor's users.
        var users: [Int32: Int] = [:]
        var further = 0
        var furtherByUser: [UInt32: Int] = [:]
    }

    fileprivate struct Holding: Hashable {
        let user: UInt32
        let descriptor: Int32
    }

    private let state = Guarded(State())

    /// - Parameters:
    ///   - limit: descriptors that the process may have (`RLIMIT_NOFILE`).
    ///   - inUse: descriptors that the process has already; it may have inherited many.
    ///   - threads: the requested number, including those that wait.
    ///   - openDirectories: the requested number.
    ///   - furtherHandles: about 700 bytes each.
    init(
        limit: Int, inUse: Int = 0, threads: Int, openDirectories: Int, isShared: Bool,
        furtherHandles: Int = 1 << 18
    ) {
        self.furtherHandles = furtherHandles
        // Each thread may open some files for a moment; each event of a gate takes one.
        self.threads = max(4, min(threads, limit / 16))
        let reserve = min(max(limit / 8, 64), 1024) + 2 * self.threads + max(24, inUse + 8)
        self.openDirectories = max(1, min(openDirectories, limit / 8))
        capacity = max(8, limit - reserve - self.openDirectories)
        self.isShared = isShared
    }

    /// Counts a descriptor for an open that begins; returns false if the user has used its share.
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

    /// Call when the open has failed.
    func cancel(for user: UInt32) {
        state.withLock { $0.countOut(user) }
    }

    /// Records the descriptor of an open; nil for an open without one, which still counts for the
    /// user.
    ///
    /// - Parameter isReserved: ``reserve(for:beside:)`` returned true. Otherwise the open may only
    ///   share a descriptor that the user has already.
    /// - Returns: false, without counting and without what was reserved, if the open may not take
    ///   the descriptor, or be one more handle on it.
    func settle(_ user: UInt32, _ descriptor: Int32?, isReserved: Bool) -> Bool {
        guard let descriptor else { return isReserved }
        let holding = Holding(user: user, descriptor: descriptor)
        return state.withLock { state in
            if let handles = state.handles[holding] {
                let own = state.furtherByUser[user, default: 0]
                let free = furtherHandles - state.further
                guard isShared ? own < free : free > 0 else {
                    if isReserved { state.countOut(user) }
                    return false
                }
                state.further += 1
                state.furtherByUser[user] = own + 1
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

    /// Call when a recorded handle has closed.
    func give(back user: UInt32, _ descriptor: Int32?) {
        state.withLock { state in
            guard let descriptor else { return state.countOut(user) }
            let holding = Holding(user: user, descriptor: descriptor)
            guard let handles = state.handles[holding] else { return }
            guard handles == 1 else {
                let own = state.furtherByUser[user, default: 1]
                state.further -= 1
                state.furtherByUser[user] = own > 1 ? own - 1 : nil
                state.handles[holding] = handles - 1
                return
            }
            state.handles[holding] = nil
            let users = state.users[descriptor, default: 1]
            state.users[descriptor] = users > 1 ? users - 1 : nil
            // countOut below subtracts one, although the descriptor stays in use.
            if users > 1 { state.total += 1 }
            state.countOut(user)
        }
    }

    /// Whether more than a quarter is free: ways by which the kernel reads files may use the rest.
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
