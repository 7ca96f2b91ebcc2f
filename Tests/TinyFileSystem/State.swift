import FUSE
import Foundation
import SystemPackage

/// The mutable state, under one lock.
final class State: @unchecked Sendable {
    private let condition = NSCondition()
    private var contents: [NodeID: [UInt8]] = [
        Tree.greeting.node: Array("Hello.\n".utf8), Tree.notes.node: [],
    ]
    private var counts: [String: Int] = [:]
    private var isOpen = false
    private var waiting: [RequestID: LockWait] = [:]

    /// A reply for later.
    final class LockWait: @unchecked Sendable {
        private var reply: EmptyReply?

        init(_ reply: consuming EmptyReply) {
            self.reply = consume reply
        }

        /// Succeeds once; call under the lock.
        func take() -> EmptyReply? {
            reply.take()
        }
    }

    private func locked<R>(_ body: () throws -> R) rethrows -> R {
        condition.lock()
        defer { condition.unlock() }
        return try body()
    }

    func count(_ request: String) {
        locked { counts[request, default: 0] += 1 }
    }

    var summary: String {
        locked { counts.sorted { $0.key < $1.key }.map { "\($0)=\($1)" }.joined(separator: " ") }
    }

    /// nil for a file whose content does not change.
    func content(_ node: NodeID) -> [UInt8]? {
        locked { contents[node] }
    }

    func change(_ node: NodeID, _ body: (inout [UInt8]) -> Void) {
        locked { body(&contents[node, default: []]) }
    }

    // MARK: Waiting

    /// Sleeps until a command calls ``open()``.
    func waitUntilOpen() {
        locked {
            counts["waiting", default: 0] += 1
            while !isOpen { condition.wait() }
        }
    }

    func open() {
        let replies = locked {
            isOpen = true
            condition.broadcast()
            defer { waiting = [:] }
            return Array(waiting.values)
        }
        for reply in replies { reply.take()?.succeed() }
    }

    func keep(_ unique: RequestID, _ reply: consuming EmptyReply) {
        let wait = LockWait(reply)
        locked {
            counts["kept", default: 0] += 1
            waiting[unique] = wait
        }
    }

    func interrupt(_ unique: RequestID) {
        let wait = locked { waiting.removeValue(forKey: unique) }
        wait?.take()?.fail(.interrupted)
    }
}
