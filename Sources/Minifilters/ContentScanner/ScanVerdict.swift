public import IOStack

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
        /// Counts the beginnings and ends of changes, so that a scan does not settle what changed
        /// while it looked.
        var changes: UInt64 = 0
        var changesUnderWay = 0
    }

    /// Lock order: a leaf.
    private let knowledge = Guarded(Knowledge())

    init() {}

    public var state: State { knowledge.withLock { $0.state } }

    var changes: UInt64 { knowledge.withLock { $0.changes } }

    // MARK: Changes

    /// A change is about to happen: from now on nothing is known of the file and no ENABLE passes.
    func beginChange() {
        knowledge.withLock { knowledge in
            knowledge.changes += 1
            knowledge.changesUnderWay += 1
            knowledge.state = .unknown
        }
    }

    func endChange() {
        knowledge.withLock { knowledge in
            knowledge.changes += 1
            knowledge.changesUnderWay -= 1
            assert(knowledge.changesUnderWay >= 0)
        }
    }

    /// The file was cut to nothing.
    func forget() {
        knowledge.withLock { knowledge in
            knowledge.changes += 1
            knowledge.state = .unknown
        }
    }

    // MARK: Outcomes

    /// Takes the outcome of a look that began when `changes` had happened. It counts only if
    /// nothing changed since.
    func conclude(_ state: State, since changes: UInt64) {
        knowledge.withLock { knowledge in
            guard knowledge.changes == changes, knowledge.changesUnderWay == 0 else { return }
            knowledge.state = state
        }
    }

    /// A read found a signature. While the file is being changed nobody knows whether it stays.
    func condemn(_ signature: String) {
        knowledge.withLock { knowledge in
            knowledge.state =
                knowledge.changesUnderWay == 0 ? .infected(signature: signature) : .unknown
        }
    }
}
