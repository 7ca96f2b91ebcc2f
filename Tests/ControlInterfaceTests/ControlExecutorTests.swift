import Glibc
import Locks
import SystemPackage
import Testing

@testable import ControlInterface
@testable import LinuxKit

/// One thread runs tasks, waits for sockets and keeps times.
@Suite("The interface's thread", .timeLimit(.minutes(10)))
struct ControlExecutorTests {
    private let executor: ControlExecutor

    init() throws { executor = try ControlExecutor() }

    @Test("a socket that becomes ready continues its task, by the same thread")
    func sockets() async throws {
        let executor = executor
        let pipes = try (0..<20).map { _ in try FileDescriptor.pipe() }
        defer { for (read, write) in pipes { try? read.close(); try? write.close() } }
        let tasks = pipes.map { read, _ in
            Task(executorPreference: executor) {
                await executor.wait(until: read, is: .readable)
                return ThreadRule().owner
            }
        }
        // The last first: whoever is removed must not move another's place.
        for (_, write) in pipes.reversed() { _ = try write.writeAll([1]) }
        var threads: Set<Int32> = []
        for task in tasks { threads.insert(await task.value) }
        #expect(threads.count == 1)
    }

    @Test("a socket whose other end is gone is ready")
    func gone() async throws {
        let (read, write) = try FileDescriptor.pipe()
        defer { try? read.close() }
        let executor = executor
        let task = Task(executorPreference: executor) {
            await executor.wait(until: read, is: .readable)
        }
        try write.close()
        await task.value
    }

    @Test("times come in their order, and one that is forgotten does not")
    func times() async throws {
        let rung = Monitor<[Int]>([])
        for number in [5, 1, 4, 2, 3] {
            _ = executor.after(.milliseconds(20 * number)) { rung.withLock { $0.append(number) } }
        }
        executor.forget(executor.after(.milliseconds(30)) { rung.withLock { $0.append(9) } })
        await executor.sleep(for: .milliseconds(101))
        while rung.withLock({ $0.count }) < 5 { await executor.sleep(for: .milliseconds(5)) }
        #expect(rung.withLock { $0 } == [1, 2, 3, 4, 5])
    }

    @Test("a task that never sleeps keeps neither a socket nor a time from another task")
    func busy() async throws {
        let (read, write) = try FileDescriptor.pipe()
        defer { try? read.close(); try? write.close() }
        let executor = executor
        let busy = Task(executorPreference: executor) {
            while !Task.isCancelled { await Task.yield() }
        }
        let waiting = Task(executorPreference: executor) {
            await executor.sleep(for: .milliseconds(1))
            await executor.wait(until: read, is: .readable)
        }
        try write.writeAll([1])
        await waiting.value
        busy.cancel()
        await busy.value
    }

    @Test("a sleep ends when its task is cancelled")
    func cancelled() async throws {
        let executor = executor
        let task = Task(executorPreference: executor) {
            await executor.sleep(for: .seconds(86_400))
        }
        task.cancel()
        await task.value
    }

    @Test("the thread ends with its executor")
    func end() async throws {
        let thread = try await {
            let executor = try ControlExecutor()
            return await Task(executorPreference: executor) { ThreadRule().owner }.value
        }()
        while runs(thread) { await executor.sleep(for: .milliseconds(5)) }
    }

    private func runs(_ thread: Int32) -> Bool {
        KernelFile.text("/proc/self/task/\(thread)/comm") == "control tasks\n"
    }
}
