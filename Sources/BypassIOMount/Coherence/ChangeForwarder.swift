internal import FUSE
internal import IOStack
internal import LinuxKit
internal import Locks
internal import SystemPackage

/// Tells the kernel about changes behind the mount, from a thread of its own, and has the stack
/// review whether they affect bypass: a file with a new hole is suspended, and a file that was
/// moved is suspended from the first notice to the second.
///
/// It sends every notice twice, the second a second later: an answer that was on its way to the
/// kernel at the first notice may have brought back outdated facts.
///
/// The thread carries no request and holds no lock while it notifies, so it may wait for locks that
/// the kernel holds until a request is answered.
final class ChangeForwarder: Sendable {
    private static let repetition = Duration.seconds(1)

    private let trust: KernelTrust
    private let watch: any OutsideChangeWatch
    private let nodes: NodeTable
    private let notifier: Notifier
    private let thread: Guarded<OwnThread?>

    /// Starts the thread; nil where the file system reports no changes or no thread can start. The
    /// mount must not trust the file system then.
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

    /// Ends the thread. Call once the file system is unmounted or its connection has ended.
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

    /// The kernel returns an error for a file that it does not know; that is no failure.
    private func tell(_ change: OutsideChange) {
        // Afterwards, because the review asks the file system.
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
        // The directory's times, and its entries, which the kernel keeps like data.
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
        // Only the kernel knows the absent names that it keeps.
        try? notifier.invalidateAllNames()
        trust.reviewBypass(of: nil)
    }
}

/// Threads that carry no request of the kernel, so that they may wait for locks and pages that the
/// kernel holds until a request is answered. They start when they are needed, and stay.
///
/// Lock order: `reserve` before `state`, a leaf; `state` is read under `reserve`.
final class FreeThreads: Sendable {
    private struct State {
        var jobs: [@Sendable () -> Void] = []
        /// Jobs that wait or run.
        var unfinished = 0
        var threads: [OwnThread] = []
        var isOver = false
    }

    private let state = Guarded(State())
    private let reserve = Reserve()
    private let limit: Int

    init(limit: Int) {
        self.limit = limit
    }

    /// Gives `job` to a thread. Returns false, without doing it, if all threads are busy or none
    /// can start: so a job never waits for a job that hangs.
    func run(_ job: @escaping @Sendable () -> Void) -> Bool {
        let isAdmitted = state.withLock { state in
            guard !state.isOver, state.unfinished < limit else { return false }
            state.unfinished += 1
            state.jobs.append(job)
            return true
        }
        guard isAdmitted else { return false }
        return reserve.call() || startThread()
    }

    /// An awake thread looks for jobs before it sleeps, so at the limit no further thread is
    /// needed.
    private func startThread() -> Bool {
        state.withLock { state in
            guard state.threads.count < limit, !state.isOver else { return true }
            if let thread = try? OwnThread.start(named: "bypassio-free", { [self] in work() }) {
                state.threads.append(thread)
            }
            guard state.threads.isEmpty else { return true }
            state.jobs = []
            state.unfinished = 0
            return false
        }
    }

    private func work() {
        while true {
            let job = state.withLock { state in
                state.jobs.isEmpty ? nil : state.jobs.removeFirst()
            }
            if let job {
                job()
                state.withLock { $0.unfinished -= 1 }
                continue
            }
            if state.withLock({ $0.isOver }) { return }
            _ = reserve.wait(if: { state.withLock { $0.jobs.isEmpty && !$0.isOver } })
        }
    }

    /// Ends the threads after the jobs that they have. Do not call it from one of them.
    func stop() {
        let threads = state.withLock { state in
            state.isOver = true
            let threads = state.threads
            state.threads = []
            return threads
        }
        reserve.end()
        for thread in threads { thread.join() }
    }
}
