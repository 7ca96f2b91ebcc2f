import Foundation
import IOStack
import Synchronization

/// Records the waits of all threads, in place of the programs that a user may interrupt.
final class WaitRecorder: Sendable {
    static let shared = WaitRecorder()

    private let waits = Guarded<[UInt: RequestWait.Cancel]>([:])

    private static let threadsSeen = Atomic<UInt>(0)

    /// A number that no other thread gets: the system reuses the numbers of pthread_self.
    static var ownThread: UInt {
        let memory = Thread.current.threadDictionary
        if let known = memory["wait recorder"] as? UInt { return known }
        let number = threadsSeen.wrappingAdd(1, ordering: .relaxed).newValue
        memory["wait recorder"] = number
        return number
    }

    private init() {
        RequestWait.observe(
            RequestWait.Observer(
                begins: { [self] in record($0) }, ends: { [self] in record(nil) }))
    }

    private func record(_ cancel: RequestWait.Cancel?) {
        waits.withLock { $0[Self.ownThread] = cancel }
    }

    func isWaiting(_ thread: UInt) -> Bool { waits.withLock { $0[thread] != nil } }

    /// Interrupts the wait of a thread. Returns whether the program may be told at once; nil if the
    /// thread does not wait.
    func cancel(_ thread: UInt) -> Bool? {
        waits.withLock { $0[thread] }?()
    }
}
