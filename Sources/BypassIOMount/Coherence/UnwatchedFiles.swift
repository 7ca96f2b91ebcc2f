internal import FUSE
internal import Glibc
internal import IOStack
internal import LinuxKit
internal import Locks
internal import Synchronization

/// Looks after the kernel's pages where the file system tells nobody what others do to its files.
///
/// A read asks for attributes that are too old, and of a file that has changed the kernel drops the
/// pages. A mapping asks for nothing. So the files that are open through the kernel's cache are
/// looked at as often as attributes may be trusted, by a thread that sleeps while there are none.
///
/// The thread holds no lock while it looks or tells, and nobody waits for its end: a file system
/// that hangs keeps it, and nothing else.
final class UnwatchedFiles: Sendable {
    private struct Stamp: Equatable {
        let size: UInt64
        let modified: FileTime
        let changed: FileTime
        /// Of the node: a change of the mount's own is none that the kernel must hear of.
        let ownChanges: UInt64

        /// Seen for the first time: somebody may have changed the file since the kernel read its
        /// pages. A second more, because the clocks of files stand still for a while, and one for
        /// the look.
        func isYoung(_ period: Duration) -> Bool {
            let age = KernelTrust.now - max(changed.seconds, modified.seconds)
            return ownChanges == 0 && age <= period.components.seconds + 2
        }

        func differsByOthers(from old: Stamp) -> Bool {
            ownChanges == old.ownChanges
                && (size != old.size || modified != old.modified || changed != old.changed)
        }
    }

    /// Files that are looked at in a round; of more, each has its turn later.
    private static let mostInRound = 512

    private let trust: KernelTrust
    private let handles: HandleTable
    private let notices: KernelNotices
    private let period: Duration
    private let reserve = Reserve()
    private let isOver = Atomic<Bool>(false)
    /// Sequentially consistent: the thread says that it sleeps and then looks for handles; an open
    /// inserts its handle and then asks whether the thread sleeps. One of the two sees the other.
    private let isAsleep = Atomic<Bool>(false)

    /// nil where the file system tells, or no thread is to be had.
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

    /// A file was opened through the cache.
    func opened() {
        if isAsleep.load(ordering: .sequentiallyConsistent) { _ = reserve.call() }
    }

    func stop() {
        isOver.store(true, ordering: .releasing)
        reserve.end()
    }

    private func work() {
        var known: [UInt64: Stamp] = [:]
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

    /// The limit, in steps that end soon after ``stop()``.
    private func rest() {
        let clock = ContinuousClock()
        let end = clock.now + period
        while clock.now < end, !isOver.load(ordering: .acquiring) {
            let left = min(end - clock.now, .milliseconds(500))
            usleep(UInt32(clamping: left.components.attoseconds / 1_000_000_000_000) + 1)
        }
    }

    private func look(at open: [OpenHandle], _ known: inout [UInt64: Stamp]) {
        var files: [UInt64: OpenHandle] = [:]
        for handle in open where handle.node.wasReadIntoCache.load(ordering: .relaxed) {
            files[handle.node.number] = handle
        }
        known = known.filter { files[$0.key] != nil }
        // Another order in each round.
        for (number, handle) in files.shuffled().prefix(Self.mostInRound) {
            guard let stamp = stamp(of: handle) else { continue }
            let old = known.updateValue(stamp, forKey: number)
            if old.map(stamp.differsByOthers) ?? stamp.isYoung(period) {
                _ = notices.writeBack(number, 0..<UInt64(Int64.max))
            }
        }
    }

    /// Below the filters, which have no part in it.
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
