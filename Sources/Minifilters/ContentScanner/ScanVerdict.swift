public import IOStack
import Synchronization

/// What a scanner knows of a file: a stream context.
public final class ScanVerdict: FilterContext {
    public enum State: Sendable, Equatable {
        /// Not scanned, or written to since.
        case unknown
        case clean
        case infected(signature: String)
    }

    private struct Knowledge {
        var state = State.unknown
        /// Counts writes, so that a scan does not call clean what was written meanwhile.
        var writes: UInt64 = 0
    }

    /// Lock order: a leaf.
    private let knowledge = Mutex(Knowledge())

    init() {}

    public var state: State { knowledge.withLock { $0.state } }

    var writes: UInt64 { knowledge.withLock { $0.writes } }

    /// A write makes a clean file unknown; an infected one stays infected until a scan says
    /// otherwise. Returns whether the file was clean.
    func noteWrite() -> Bool {
        knowledge.withLock { knowledge in
            knowledge.writes += 1
            guard knowledge.state == .clean else { return false }
            knowledge.state = .unknown
            return true
        }
    }

    /// Takes the outcome of a scan that began when `writes` had happened.
    func conclude(_ state: State, scannedAfter writes: UInt64) {
        knowledge.withLock { knowledge in
            guard knowledge.writes == writes || state != .clean else { return }
            knowledge.state = state
        }
    }
}
