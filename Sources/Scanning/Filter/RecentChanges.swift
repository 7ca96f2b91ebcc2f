import FilterKit
import IOStack

/// Which files were changed through the filter a moment ago, whether they are open or not.
///
/// Any thread. Lock order: `state` is a leaf.
final class RecentChanges: Sendable {
    private struct State {
        var last: UInt64 = 0
        var moments = RecentTable<FileID, UInt64>(capacity: 8192)
    }

    private let state = Guarded(State())

    /// Later changes have later moments.
    var moment: UInt64 { state.withLock { $0.last } }

    func note(_ file: FileID) {
        state.withLock { state in
            state.last += 1
            state.moments.set(state.last, for: file)
        }
    }

    func has(_ file: FileID, changedSince moment: UInt64) -> Bool {
        state.withLock { ($0.moments.value(of: file) ?? 0) > moment }
    }
}
