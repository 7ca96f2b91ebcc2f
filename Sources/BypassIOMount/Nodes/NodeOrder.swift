internal import FUSE
internal import IOStack

/// The numbers of known files in the order in which they came, so that the oldest can be given up.
/// A value under the lock of its table.
///
/// Numbers of files that the kernel has forgotten stay for a while: there are never more than twice
/// as many as known files.
struct NodeOrder {
    private var numbers: [NodeID] = []
    private var first = 0

    /// - Parameters:
    ///   - count: of known files.
    ///   - isKnown: whether a number is one of theirs.
    mutating func add(_ number: NodeID, beside count: Int, _ isKnown: (NodeID) -> Bool) {
        numbers.append(number)
        guard numbers.count > 2 * count + 1024 else { return }
        var seen: Set<NodeID> = []
        numbers = numbers[first...].filter { isKnown($0) && seen.insert($0).inserted }
        first = 0
    }

    /// The oldest known files, up to so many. They count as the newest from now on: they stay if
    /// they are in use.
    mutating func oldest(_ most: Int, _ isKnown: (NodeID) -> Bool) -> [NodeID] {
        var found: [NodeID] = []
        while found.count < most, first < numbers.count {
            if isKnown(numbers[first]) { found.append(numbers[first]) }
            first += 1
        }
        numbers += found
        return found
    }
}

/// The limit of known files.
extension NodeTable {
    /// How many files are to go, a sixteenth of the limit below it; 0 if there is room.
    var excess: Int {
        state.withLock { $0.byNumber.count > limit ? $0.byNumber.count - limit / 16 * 15 : 0 }
    }

    /// True once when there are too many files, until ``hasPruned()``.
    func mustPrune() -> Bool {
        state.withLock { state in
            guard state.byNumber.count > limit, !state.isPruning else { return false }
            state.isPruning = true
            return true
        }
    }

    func hasPruned() { state.withLock { $0.isPruning = false } }

    /// The files that have been known for longest.
    func oldest(_ most: Int) -> [NodeID] {
        state.withLock { state in
            let known = state.byNumber
            return state.order.oldest(most) { $0 != .root && known[$0] != nil }
        }
    }
}

/// Has the kernel forget files when the mount knows more than it may (``NodeTable/limit``).
extension VolumeFileSystem {
    /// Numbers in a notification.
    private static let batch = 512

    /// Call when ``NodeTable`` has too many; one at a time. The kernel's FORGETs come later.
    func pruneNodes() {
        let isTaken = notices.run { [nodes, notices] in
            var left = nodes.excess
            while left > 0 {
                let oldest = nodes.oldest(min(left, Self.batch))
                guard !oldest.isEmpty, notices.prune(oldest) else { break }
                left -= oldest.count
            }
            nodes.hasPruned()
        }
        if !isTaken { nodes.hasPruned() }
    }
}
