import Dispatch
import Foundation

/// Keeps the threads of the process' pool, one for each processor, until it is released: what must
/// not need them is shown to go on.
///
/// The test that has it keeps a thread itself, so all are kept.
public final class BlockedPool: Sendable {
    private let gate = DispatchSemaphore(value: 0)
    private let count = ProcessInfo.processInfo.activeProcessorCount

    public init() {
        for _ in 0..<count { Task.detached { [gate] in Self.wait(gate) } }
    }

    /// Call once.
    public func release() {
        for _ in 0..<count { gate.signal() }
    }

    private static func wait(_ gate: DispatchSemaphore) { gate.wait() }
}
