internal import IOStack

/// Keeps the requests of a body that ``VolumeFileSystem/withFile(of:_:byNameOnly:_:)`` begins again
/// from being sent twice: the handle that carries them may close between two of them. A second
/// link(2) would fail with EEXIST, and a second truncation would take what was written meanwhile.
struct Once {
    private var done = 0
    private var place = 0

    /// Call where the body begins, also where it begins again.
    mutating func begin() {
        place = 0
        if Mutant.doneTwice.isPlanted { done = 0 }
    }

    /// Sends a request, unless it succeeded before.
    mutating func callAsFunction(
        _ request: () throws(IOFailure) -> Void
    ) throws(IOFailure) {
        place += 1
        guard place > done else { return }
        try request()
        done = place
    }
}
