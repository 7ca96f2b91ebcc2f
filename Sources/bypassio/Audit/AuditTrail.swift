import Foundation
import Glibc
import LinuxKit
import Locks
import Minifilters
import Synchronization
import SystemPackage

/// The file of an audit: operations come in from any thread and are written by one, in their order.
///
/// What finds no room waits for nobody: it is counted, and a record says how many are missing.
/// Lock order: a leaf.
final class AuditTrail: Sendable {
    /// Operations that wait to be written.
    private static let most = 65_536
    /// Between two looks at what has come, microseconds.
    private static let pause: UInt32 = 5000

    private struct Queue: Sendable {
        var waiting: [(operation: AuditedOperation, time: Int64)] = []
        var lost: UInt64 = 0
        var isOver = false
        /// Nothing waits, and nothing is being written.
        var isIdle = true
    }

    private let queue = Monitor(Queue())

    /// Begins or goes on with a file. Throws a ``CommandError`` for one that cannot be had.
    init(_ file: AuditFile) throws {
        let queue = queue
        do throws(Errno) {
            try OwnThread.start(named: "bypassio-audit") { Self.write(queue, file) }.detach()
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

    /// Returns when all that came before is in the file.
    func flush() {
        queue.wait(until: { $0.isIdle || $0.isOver }, then: { _ in })
    }

    private static func write(_ queue: Monitor<Queue>, _ file: AuditFile) {
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
            file.append(operations, lost: lost)
            queue.withLock { $0.isIdle = $0.waiting.isEmpty && $0.lost == 0 }
            if isOver, operations.isEmpty { return }
            // To wake up a thread for each record takes longer than the record.
            usleep(pause)
        }
    }
}
