internal import FUSE
internal import IOStack
internal import LinuxKit
internal import Locks

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
