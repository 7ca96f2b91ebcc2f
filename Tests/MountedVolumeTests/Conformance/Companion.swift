import CPosixCalls
import Dispatch

/// A second process, as far as files are concerned: a thread with its own descriptors, working
/// directory and so its own locks. It starts without the case's descriptors.
///
/// The record has its calls, marked with its name, behind the line of the case that waits for it.
final class Companion: @unchecked Sendable {
    private let record: ConformanceDirectory
    private let own: ConformanceDirectory
    private let name: String
    private let work = DispatchSemaphore(value: 0)
    private let done = DispatchSemaphore(value: 0)
    // Handed over under the semaphores.
    private var next: ((ConformanceDirectory) -> Void)?

    fileprivate init(_ name: String, record: ConformanceDirectory) {
        (self.name, self.record) = (name, record)
        own = ConformanceDirectory(path: record.path, backing: record.backing)
        _ = OwnThread { self.serve() }
    }

    private func serve() {
        _ = call_close_own_copy_from(3)
        _ = call_own_working_directory()
        _ = unsafe call_chdir(own.path)
        while true {
            work.wait()
            guard let body = next else { break }
            body(own)
            done.signal()
        }
        own.end()
        _ = unsafe call_chdir("/")
        _ = call_close_own_copy_from(3)
        done.signal()
    }

    /// Runs the body in the companion, and returns when it has ended.
    func perform(_ body: @escaping (ConformanceDirectory) -> Void) {
        start(body)
        wait()
    }

    /// Starts the body, which runs while the case continues until `wait`. It starts within 50 ms.
    func start(_ body: @escaping (ConformanceDirectory) -> Void) {
        next = body
        work.signal()
    }

    /// Records the companion's calls since the last wait; "waits for ever" after 10 seconds.
    func wait() {
        guard done.wait(timeout: .now() + .seconds(10)) == .success else {
            return record.note(name, "waits for ever")
        }
        for line in own.takeLines() { record.append("\(name): \(line)") }
    }

    fileprivate func end() {
        next = nil
        work.signal()
        _ = done.wait(timeout: .now() + .seconds(10))
    }
}

extension ConformanceDirectory {
    /// Gives the body a companion, which ends after it.
    func withCompanion(_ name: String = "other", _ body: (Companion) -> Void) {
        let companion = Companion(name, record: self)
        body(companion)
        companion.end()
    }
}
