import Foundation
import IOStack
import Synchronization

/// The waits of all threads, which stands for the programs that may be interrupted.
final class WaitRecorder: Sendable {
    static let shared = WaitRecorder()

    private let waits = Guarded<[UInt: RequestWait.Cancel]>([:])

    private static let threadsSeen = Atomic<UInt>(0)

    /// A number that no other thread gets: what pthread_self tells is given to a later thread
    /// again.
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

    /// Interrupts what waits on a thread; whether the program may be told at once, nil if nothing
    /// waits.
    func cancel(_ thread: UInt) -> Bool? {
        waits.withLock { $0[thread] }?()
    }
}
