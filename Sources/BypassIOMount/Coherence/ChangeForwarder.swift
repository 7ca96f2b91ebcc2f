internal import FUSE
internal import IOStack
internal import LinuxKit
internal import SystemPackage

/// Tells the kernel what others do to the files behind the mount's back, from a thread of its own,
/// and has the stack look whether it concerns their bypass: a file in which a hole was punched is
/// suspended, one that was moved is from the first telling to the second.
///
/// Everything is told twice, the second time a second later: an answer that was on its way to the
/// kernel when the first came may have brought back what is not true any more.
///
/// The thread carries no request and holds no lock while it tells, so it may wait for whatever the
/// kernel holds until a request is answered.
final class ChangeForwarder: Sendable {
    private static let repetition = Duration.seconds(1)

    private let trust: KernelTrust
    private let watch: any OutsideChangeWatch
    private let nodes: NodeTable
    private let notifier: Notifier
    private let thread: Guarded<OwnThread?>

    /// Starts telling; nil where the file system tells nothing or no thread is to be had, which
    /// then must not be trusted.
    init?(_ trust: KernelTrust, _ nodes: NodeTable, _ notifier: Notifier) {
        self.trust = trust
        self.nodes = nodes
        self.notifier = notifier
        guard let watch = trust.watch else { return nil }
        self.watch = watch
        thread = Guarded(nil)
        let started = try? OwnThread.start(named: "bypassio-watch") { [self] in forward() }
        guard let started else {
            watch.stop()
            return nil
        }
        thread.withLock { $0 = started }
    }

    /// Ends the thread. Once the file system is unmounted or its connection has ended.
    func stop() {
        watch.stop()
        let thread = thread.withLock { $0.take() }
        thread?.join()
    }

    private func forward() {
        let clock = ContinuousClock()
        var again: [(due: ContinuousClock.Instant, changes: OutsideChanges)] = []
        while true {
            let changes = watch.next(within: again.first.map { max(.zero, $0.due - clock.now) })
            switch changes {
            case .ended: return
            case .changes(let list) where list.isEmpty: break
            case .changes, .anything:
                tell(changes)
                again.append((clock.now + Self.repetition, changes))
            }
            while let first = again.first, first.due <= clock.now {
                again.removeFirst()
                tell(first.changes)
            }
        }
    }

    private func tell(_ changes: OutsideChanges) {
        trust.willTell()
        switch changes {
        case .changes(let list): list.forEach(tell)
        case .anything: tellEverything()
        case .ended: break
        }
    }

    /// What the kernel does not know need not be told; that it says so is no error.
    private func tell(_ change: OutsideChange) {
        // Afterwards: the file system is asked.
        defer { reviewBypass(after: change) }
        if let file = change.file.flatMap(nodes.number) {
            if change.effects.contains(.content) {
                try? notifier.invalidate(node: file)
            } else {
                try? notifier.invalidate(node: file, offset: -1)
            }
        }
        guard change.effects.contains(.name), !change.name.isEmpty,
            let directory = change.directory.flatMap(nodes.number)
        else { return }
        try? notifier.invalidate(name: change.name, in: directory, expireOnly: true)
        // Its times, and its entries, which the kernel keeps like data.
        try? notifier.invalidate(node: directory)
    }

    private func reviewBypass(after change: OutsideChange) {
        guard let file = change.file, !change.effects.isDisjoint(with: [.content, .attributes])
        else { return }
        trust.reviewBypass(of: file)
    }

    private func tellEverything() {
        for known in nodes.knownNames {
            try? notifier.invalidate(node: known.node)
            guard let parent = known.parent else { continue }
            try? notifier.invalidate(name: known.name, in: parent, expireOnly: true)
        }
        // Names that are absent are known to nobody but the kernel.
        try? notifier.invalidateAllNames()
        trust.reviewBypass(of: nil)
    }
}
