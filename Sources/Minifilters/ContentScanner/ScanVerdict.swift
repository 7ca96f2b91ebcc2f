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
        /// Counts the beginnings and ends of changes, so that a scan does not call clean what
        /// changed while it looked.
        var changes: UInt64 = 0
        var changesUnderWay = 0
    }

    /// Lock order: a leaf.
    private let knowledge = Mutex(Knowledge())

    init() {}

    public var state: State { knowledge.withLock { $0.state } }

    var changes: UInt64 { knowledge.withLock { $0.changes } }

    /// A change is about to happen: nothing is known of the file any more. Returns whether it was
    /// clean.
    func beginChange() -> Bool {
        knowledge.withLock { knowledge in
            knowledge.changes += 1
            knowledge.changesUnderWay += 1
            defer { knowledge.state = .unknown }
            return knowledge.state == .clean
        }
    }

    func endChange() {
        knowledge.withLock { knowledge in
            knowledge.changes += 1
            knowledge.changesUnderWay -= 1
            assert(knowledge.changesUnderWay >= 0)
        }
    }

    /// Takes the outcome of a look that began when `changes` had happened. Clean counts only if
    /// nothing changed since.
    func conclude(_ state: State, since changes: UInt64) {
        knowledge.withLock { knowledge in
            let isCurrent = knowledge.changes == changes && knowledge.changesUnderWay == 0
            guard isCurrent || state != .clean else { return }
            knowledge.state = state
        }
    }
}
