import IOStack

/// What is known of a file as long as it is open: a stream context. A verdict is not, it lies in
/// the ``VerdictTable``.
///
/// Any thread. Lock order: `state` is a leaf.
final class ScannedFile: FilterContext {
    /// The count of changes before a scan begins. By it the scan's result is dropped if the file
    /// was changed meanwhile.
    struct Mark: Sendable, Equatable {
        fileprivate var changes: UInt64 = 0
    }

    private struct State {
        var mark = Mark()
        var changesUnderWay = 0
        /// Changed, and not scanned since.
        var isChanged = false
        /// Opens and reads of this version go on although there is no verdict.
        var borne: ScannedVersion?
    }

    private let state = Guarded(State())

    var mark: Mark { state.withLock { $0.mark } }
    var isChanged: Bool { state.withLock { $0.isChanged } }

    // MARK: Changes

    /// A change is about to happen. Returns whether it is the first since a scan: then a verdict
    /// may have to be forgotten.
    func beginChange() -> Bool {
        state.withLock { state in
            state.mark.changes += 1
            state.changesUnderWay += 1
            state.borne = nil
            defer { state.isChanged = true }
            return !state.isChanged
        }
    }

    func endChange() {
        state.withLock { state in
            state.mark.changes += 1
            state.changesUnderWay -= 1
            assert(state.changesUnderWay >= 0)
        }
    }

    /// A scan that began at `mark` is over. False if the file was changed since.
    func conclude(since mark: Mark) -> Bool {
        state.withLock { state in
            guard state.mark == mark, state.changesUnderWay == 0 else { return false }
            state.isChanged = false
            return true
        }
    }

    // MARK: What goes on without a verdict

    /// As long as nothing was changed since `mark`: two changes within a tick of the file system
    /// have one version.
    func bear(_ version: ScannedVersion, since mark: Mark) {
        state.withLock { state in
            if state.mark == mark, state.changesUnderWay == 0 { state.borne = version }
        }
    }
    func bears(_ version: ScannedVersion) -> Bool { state.withLock { $0.borne == version } }
}
