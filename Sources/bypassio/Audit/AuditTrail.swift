import Foundation
import Glibc
import LinuxKit
import Locks
import Minifilters
import Synchronization
import SystemPackage

/// An operation, and when it ended: nanoseconds since 1970.
typealias TimedOperation = (operation: AuditedOperation, time: Int64)

/// Where the records of an audit go. One thread at a time.
protocol AuditDestination: AnyObject, Sendable {
    /// Writes a record of each, in this order, and of how many found no room before.
    func append(_ operations: [TimedOperation], lost: UInt64)
}

/// The records of an audit: operations come in from any thread and are written by one thread, in
/// their order.
///
/// What finds no room waits for nobody: it is counted, and a record says how many are missing.
/// Lock order: a leaf.
final class AuditTrail: Sendable {
    /// Operations that wait to be written.
    private static let most = 65_536
    /// Between two looks at what has come, microseconds.
    private static let pause: UInt32 = 5000

    private struct Queue: Sendable {
        var waiting: [TimedOperation] = []
        var lost: UInt64 = 0
        var isOver = false
        /// Nothing waits, and nothing is being written.
        var isIdle = true
    }

    private let queue = Monitor(Queue())

    /// Throws a ``CommandError`` where no thread is to be had.
    init(_ destination: any AuditDestination) throws {
        let queue = queue
        do throws(Errno) {
            try OwnThread.start(named: "bypassio-audit") { Self.write(queue, destination) }
                .detach()
        } catch {
            throw CommandError(.internalError, "No thread is to be had for the audit: \(error).")
        }
    }

    deinit { queue.withLock { $0.isOver = true } }

    func take(_ operation: AuditedOperation) {
        let time = WallTime.now.nanoseconds
        queue.withLock { queue in
            guard queue.waiting.count < Self.most else {
                queue.lost += 1
                return
            }
            queue.isIdle = false
            queue.waiting.append((operation, time))
        }
    }

    /// Returns when all that came before is written.
    func flush() {
        queue.wait(until: { $0.isIdle || $0.isOver }, then: { _ in })
    }

    private static func write(
        _ queue: Monitor<Queue>, _ destination: any AuditDestination
    ) {
        while true {
            let (operations, lost, isOver) = queue.wait(
                until: { !$0.waiting.isEmpty || $0.lost > 0 || $0.isOver },
                then: { queue in
                    defer {
                        queue.waiting = []
                        queue.lost = 0
                    }
                    return (queue.waiting, queue.lost, queue.isOver)
                })
            destination.append(operations, lost: lost)
            queue.withLock { $0.isIdle = $0.waiting.isEmpty && $0.lost == 0 }
            if isOver, operations.isEmpty { return }
            // To wake up a thread for each record takes longer than the record.
            usleep(pause)
        }
    }
}
