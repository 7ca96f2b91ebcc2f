import Dispatch

/// Runs the interface's tasks one after the other, apart from the process' pool: whoever blocks a
/// thread of that does not keep clients waiting, nor clients anybody else's tasks.
final class ControlExecutor: TaskExecutor {
    private let queue = DispatchQueue(label: "bypassio.control")

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { [self] in unsafe job.runSynchronously(on: asUnownedTaskExecutor()) }
    }
}
