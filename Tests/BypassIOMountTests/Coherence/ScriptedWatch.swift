import Foundation
import IOStack

/// A watch that reports the changes a test gives it.
final class ScriptedWatch: OutsideChangeWatch, @unchecked Sendable {
    private let condition = NSCondition()
    private var pending: [OutsideChanges] = []
    private var isStopped = false

    func tell(_ changes: OutsideChanges) {
        condition.withLock {
            pending.append(changes)
            condition.signal()
        }
    }

    func covers(_ id: FileID) -> Bool { condition.withLock { !isStopped } }

    func next(within limit: Duration?) -> OutsideChanges {
        let end = limit.map { Date(timeIntervalSinceNow: Double($0.components.seconds) + 0.001) }
        return condition.withLock {
            while pending.isEmpty, !isStopped {
                guard let end else {
                    condition.wait()
                    continue
                }
                if !condition.wait(until: end) { return .changes([]) }
            }
            return isStopped ? .ended : pending.removeFirst()
        }
    }

    func stop() {
        condition.withLock {
            isStopped = true
            condition.signal()
        }
    }
}
