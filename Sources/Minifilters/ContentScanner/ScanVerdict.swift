public import IOStack

/// What a scanner knows of a file as long as it is open: a stream context.
public final class ScanVerdict: FilterContext {
    public enum State: Sendable, Equatable {
        /// Not scanned, or changed since.
        case unknown
        case clean
        case infected(signature: String)
    }

    /// What had happened to the file before a look at it began, so that the look does not settle
    /// what changed meanwhile.
    struct Mark: Sendable, Equatable {
        /// Beginnings and ends of changes.
        fileprivate(set) var changes: UInt64 = 0
        /// Opens for writing.
        fileprivate(set) var writers: UInt64 = 0
    }

    private struct Knowledge {
        var state = State.unknown
        /// Of which version `state` is.
        var version: FileVersion?
        /// An ENABLE may rely on `state` without another scan: the file was at rest when it was
        /// scanned, and nobody has had it open for writing since.
        var isLasting = false
        var mark = Mark()
        var changesUnderWay = 0
    }

    /// Lock order: a leaf.
    private let knowledge = Guarded(Knowledge())

    init() {}

    public var state: State { knowledge.withLock { $0.state } }

    var mark: Mark { knowledge.withLock { $0.mark } }

    /// What is known of the file if it is still this version; `unknown`, too, where only what lasts
    /// counts and this does not.
    func state(of version: FileVersion, lastingOnly: Bool) -> State {
        knowledge.withLock { knowledge in
            guard knowledge.version == version else {
                // Somebody changed it behind the stack's back.
                knowledge.state = .unknown
                return .unknown
            }
            return lastingOnly && !knowledge.isLasting ? .unknown : knowledge.state
        }
    }

    // MARK: Changes

    /// A change is about to happen: from now on nothing is known of the file and no ENABLE passes.
    func beginChange() {
        knowledge.withLock { knowledge in
            knowledge.mark.changes += 1
            knowledge.changesUnderWay += 1
            knowledge.state = .unknown
        }
    }

    func endChange() {
        knowledge.withLock { knowledge in
            knowledge.mark.changes += 1
            knowledge.changesUnderWay -= 1
            assert(knowledge.changesUnderWay >= 0)
        }
    }

    /// Somebody opened the file for writing, and may change it through a mapping that nobody tells
    /// of. What is known stands, but not for long.
    func beginWriting() {
        knowledge.withLock { knowledge in
            knowledge.mark.writers += 1
            knowledge.isLasting = false
        }
    }

    /// The file was cut to nothing.
    func forget() {
        knowledge.withLock { knowledge in
            knowledge.mark.changes += 1
            knowledge.state = .unknown
        }
    }

    // MARK: Outcomes

    /// Takes the outcome of a look at `version` that began at `mark`, unless the file was changed
    /// since. It lasts, if it is to, unless somebody opened the file for writing since. Returns
    /// whether it does.
    func conclude(
        _ state: State, of version: FileVersion, lasting: Bool, since mark: Mark
    ) -> Bool {
        knowledge.withLock { knowledge in
            guard knowledge.mark.changes == mark.changes, knowledge.changesUnderWay == 0 else {
                return false
            }
            knowledge.state = state
            knowledge.version = version
            knowledge.isLasting = lasting && knowledge.mark.writers == mark.writers
            return knowledge.isLasting
        }
    }

    /// A read of `version` found a signature. While the file is being changed nobody knows whether
    /// it stays.
    func condemn(_ signature: String, in version: FileVersion?) {
        knowledge.withLock { knowledge in
            knowledge.state =
                knowledge.changesUnderWay == 0 ? .infected(signature: signature) : .unknown
            knowledge.version = version
            knowledge.isLasting = false
        }
    }
}
