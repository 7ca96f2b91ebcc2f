import Glibc
import IOStack

/// The waits of all threads, which stands for the programs that may be interrupted.
final class WaitRecorder: Sendable {
    static let shared = WaitRecorder()

    private let waits = Guarded<[UInt: RequestWait.Cancel]>([:])

    /// Not what pthread_self tells: a thread that begins gets that of one that ended.
    static var ownThread: UInt { UInt(gettid()) }

    private init() {
        RequestWait.observe(
            RequestWait.Observer(
                begins: { [self] in record($0) }, ends: { [self] in record(nil) }))
    }

    private func record(_ cancel: RequestWait.Cancel?) {
        waits.withLock { $0[Self.ownThread] = cancel }
    }

    func isWaiting(_ thread: UInt) -> Bool { waits.withLock { $0[thread] != nil } }

    /// Interrupts what waits on a thread; whether the program may be told at once, nil if nothing waits.
    func cancel(_ thread: UInt) -> Bool? {
        waits.withLock { $0[thread] }?()
    }
}
