import DequeModule
import LinuxKit
import Locks
package import SystemPackage

/// Runs the interface's tasks one after the other on a thread of its own, apart from the process'
/// pool: whoever blocks a thread of that does not keep clients waiting, nor clients anybody else's
/// tasks. The thread is prompt (``PromptThread``).
package final class ControlExecutor: TaskExecutor {
    /// A job keeps its executor, and so the thread, until it has run.
    private struct Work: Sendable {
        let job: UnownedJob
        let executor: ControlExecutor
    }

    private struct Queue: Sendable {
        var work: Deque<Work> = []
        var isOver = false
    }

    /// Lock order: a leaf.
    private let queue: Monitor<Queue>

    /// Throws what a thread is refused with.
    package init() throws(Errno) {
        let queue = Monitor(Queue())
        self.queue = queue
        try OwnThread.start(named: "control tasks", isPrompt: true) { Self.run(queue) }.detach()
    }

    deinit {
        queue.withLock { $0.isOver = true }
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let work = Work(job: UnownedJob(job), executor: self)
        queue.withLock { $0.work.append(work) }
    }

    private static func run(_ queue: Monitor<Queue>) {
        // Every job before the end is run: a task that waits for one would wait for ever.
        while let work = queue.wait(
            until: { $0.isOver || !$0.work.isEmpty }, then: { $0.work.popFirst() })
        {
            unsafe work.job.runSynchronously(on: work.executor.asUnownedTaskExecutor())
        }
    }
}
