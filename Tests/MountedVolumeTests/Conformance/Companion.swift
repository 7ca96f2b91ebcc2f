import CPosixCalls
import Dispatch

/// Another process, as far as files are concerned: a thread with descriptors, a working directory
/// and so locks of its own. It starts without any descriptor of the case's.
///
/// Its calls are recorded after the case's own line, marked with its name, when it is waited for.
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

    /// The body runs in the companion and has ended when this returns.
    func perform(_ body: @escaping (ConformanceDirectory) -> Void) {
        start(body)
        wait()
    }

    /// The body runs while the case goes on, until `wait`. It starts within 50 ms.
    func start(_ body: @escaping (ConformanceDirectory) -> Void) {
        next = body
        work.signal()
    }

    /// Records what it did since the last wait; "waits for ever" after 10 seconds.
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
    /// The body may let another process act, which is gone after it.
    func withCompanion(_ name: String = "other", _ body: (Companion) -> Void) {
        let companion = Companion(name, record: self)
        body(companion)
        companion.end()
    }
}
