internal import LinuxKit

/// Traits read once, and the parts of the status that must be unchanged for them to hold.
///
/// Reading them takes a dozen system calls, but `stat` comes all the time, and an ENABLE should
/// cost little more than the ioctl that carries it. A change that makes a file sparse, compressed
/// or encrypted changes one of these fields. Swap use does not, so it is asked each time
/// (``SwapSpace``); nor does a move on the disk (``ExtentPlaces``).
struct KnownTraits: Sendable {
    let traits: FileTraits
    private let changed: FileStatus.Time
    private let size: UInt64
    private let blocks: UInt64
    private let flags: UInt64
    private let isSettled: Bool

    /// - Parameter status: read before the traits, so that a change in between does not go unseen.
    init(_ traits: FileTraits, with status: FileStatus) {
        self.traits = traits
        changed = status.changed
        size = status.size
        blocks = status.blocks
        flags = status.attributes
        isSettled = Self.isSettled(status.changed)
    }

    func holds(for status: FileStatus) -> Bool {
        changed == status.changed && size == status.size && blocks == status.blocks
            && flags == status.attributes
    }

    /// Whether an ENABLE may rely on them: only if they say for certain that nothing of the file
    /// stands against bypass. Decisions left to the write-back show no trace in the status, nor
    /// does a second change within the same tick of the clock.
    func provesBypassable(for status: FileStatus) -> Bool {
        isSettled && holds(for: status) && traits.compressed == .no && traits.sparse == .no
            && traits.inlineData == .no && traits.encrypted != .yes
    }

    /// In nanoseconds: more than two ticks of the slowest clock by which a kernel stamps files
    /// (HZ=100).
    private static let settlingTime: Int64 = 25_000_000

    private static func isSettled(_ changed: FileStatus.Time) -> Bool {
        let now = KernelClock.files
        guard now.seconds >= changed.seconds else { return false }
        let seconds = now.seconds &- changed.seconds
        guard seconds <= 1 else { return true }
        return seconds * 1_000_000_000 + Int64(now.nanoseconds) - Int64(changed.nanoseconds)
            > settlingTime
    }
}
