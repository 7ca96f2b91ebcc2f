package import IOStack

/// The parts of a file's status that change with its bytes. Two equal versions of one file have the
/// same bytes if the file was at rest (``wasAtRest(at:tick:)``).
///
/// Any change moves the change time, which no program can set.
public struct ScannedVersion: Sendable, Hashable {
    let birthTime: FileTime?
    /// In bytes.
    let size: UInt64
    let modificationTime: FileTime
    let changeTime: FileTime

    package init(
        birthTime: FileTime?, size: UInt64, modificationTime: FileTime, changeTime: FileTime
    ) {
        self.birthTime = birthTime
        self.size = size
        self.modificationTime = modificationTime
        self.changeTime = changeTime
    }

    init(_ status: FileInformation) {
        self.init(
            birthTime: status.birthTime, size: status.size,
            modificationTime: status.modificationTime, changeTime: status.changeTime)
    }

    /// Whether a change after `now` gives another version: file systems count time in ticks, and
    /// two changes within a tick cannot be told apart.
    func wasAtRest(at now: FileTime, tick: Duration) -> Bool {
        restAfter(now, tick: tick) <= .zero
    }

    /// How long after `now` the file's last tick is over; zero or less: it is.
    func restAfter(_ now: FileTime, tick: Duration) -> Duration {
        changeTime.sinceEpoch + tick - now.sinceEpoch
    }

    /// Whether the kernel has had time to bring the bytes to the disk: after a power loss an older
    /// file could otherwise stand there with a newer one's times.
    func isSettled(at now: FileTime) -> Bool { wasAtRest(at: now, tick: Self.settling) }

    /// Twice what Linux waits before it writes (vm.dirty_expire_centisecs).
    private static let settling: Duration = .seconds(60)
}

extension FileTime {
    fileprivate var sinceEpoch: Duration {
        .seconds(seconds) + .nanoseconds(Int64(nanoseconds))
    }
}
