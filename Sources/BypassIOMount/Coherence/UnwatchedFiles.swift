internal import FUSE
internal import Glibc
internal import IOStack
internal import LinuxKit
internal import Locks
internal import Synchronization

/// Keeps the kernel's pages current where the file system reports no changes behind the mount.
///
/// Before a read, the kernel asks for attributes that are too old, and drops the pages of a changed
/// file. A mapping asks for nothing. So a thread reads the attributes of the files that are open
/// through the kernel's cache, once in each period for which attributes are valid; it sleeps while
/// there are none.
///
/// The thread holds no lock while it reads or notifies, and no other thread waits for its end: a
/// file system that hangs stops only this thread.
final class UnwatchedFiles: Sendable {
    private struct Stamp: Equatable {
        let size: UInt64
        let modified: FileTime
        let changed: FileTime
        /// The node's count: the kernel needs no notice of the mount's own changes.
        let ownChanges: UInt64

        /// For a file seen for the first time: it may have changed since the kernel read its pages.
        /// A second more, because the clock of files advances in steps, and one for the look
        /// itself.
        func isYoung(_ period: Duration) -> Bool {
            let age = KernelTrust.now - max(changed.seconds, modified.seconds)
            return ownChanges == 0 && age <= period.components.seconds + 2
        }

        func differsByOthers(from old: Stamp) -> Bool {
            ownChanges == old.ownChanges
                && (size != old.size || modified != old.modified || changed != old.changed)
        }
    }

    /// Files per round; further files get a turn in later rounds.
    private static let mostInRound = 512

    private let trust: KernelTrust
    private let handles: HandleTable
    private let notices: KernelNotices
    private let period: Duration
    private let reserve = Reserve()
    private let isOver = Atomic<Bool>(false)
    /// Sequentially consistent. The thread sets it and then looks for handles; an open inserts its
    /// handle and then reads it. At least one of the two sees the other.
    private let isAsleep = Atomic<Bool>(false)

    /// nil where the file system reports changes, or no thread can start.
    init?(_ trust: KernelTrust, _ handles: HandleTable, _ notices: KernelNotices) {
        guard trust.watch == nil else { return nil }
        self.trust = trust
        self.handles = handles
        self.notices = notices
        period = max(trust.attributesLimit, .milliseconds(100))
        let started = try? OwnThread.start(named: "bypassio-look") { [self] in work() }
        guard let started else { return nil }
        started.detach()
    }

    /// Call after a file was opened through the cache.
    func opened() {
        if isAsleep.load(ordering: .sequentiallyConsistent) { _ = reserve.call() }
    }

    func stop() {
        isOver.store(true, ordering: .releasing)
        reserve.end()
    }

    private func work() {
        var known: [NodeID: Stamp] = [:]
        while !isOver.load(ordering: .acquiring) {
            let open = handles.cached
            guard !open.isEmpty else {
                known = [:]
                sleepUntilOpened()
                continue
            }
            look(at: open, &known)
            rest()
        }
    }

    private func sleepUntilOpened() {
        isAsleep.store(true, ordering: .sequentiallyConsistent)
        _ = reserve.wait(if: { handles.cached.isEmpty })
        isAsleep.store(false, ordering: .sequentiallyConsistent)
    }

    /// Sleeps for the period, in steps that end soon after ``stop()``.
    private func rest() {
        let clock = ContinuousClock()
        let end = clock.now + period
        while clock.now < end, !isOver.load(ordering: .acquiring) {
            let left = min(end - clock.now, .milliseconds(500))
            usleep(UInt32(clamping: left.components.attoseconds / 1_000_000_000_000) + 1)
        }
    }

    private func look(at open: [OpenHandle], _ known: inout [NodeID: Stamp]) {
        var files: [NodeID: OpenHandle] = [:]
        for handle in open where handle.node.wasReadIntoCache.load(ordering: .relaxed) {
            files[handle.node.number] = handle
        }
        known = known.filter { files[$0.key] != nil }
        // A new order in each round.
        for (number, handle) in files.shuffled().prefix(Self.mostInRound) {
            guard let stamp = stamp(of: handle) else { continue }
            let old = known.updateValue(stamp, forKey: number)
            if old.map(stamp.differsByOthers) ?? stamp.isYoung(period) {
                _ = notices.writeBack(number, 0..<UInt64(Int64.max))
            }
        }
    }

    /// Below the filters, because the look is not a program's.
    private func stamp(of handle: OpenHandle) -> Stamp? {
        let own = handle.node.ownChanges.load(ordering: .acquiring)
        guard let status = try? handle.file.volume.fileSystem.status(of: handle.file) else {
            return nil
        }
        return Stamp(
            size: status.size, modified: status.modificationTime, changed: status.changeTime,
            ownChanges: own)
    }
}
