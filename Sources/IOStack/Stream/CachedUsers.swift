/// How many file objects of a stream do cached and mapped I/O. Part of ``Stream/Control``, whose lock
/// guards it.
struct CachedUsers: Hashable {
    private var cached: UInt32 = 0
    private var mapped: UInt32 = 0

    /// Counts a file object in for `use`.
    mutating func add(_ use: StreamSuspension) {
        if use == .mapped { mapped += 1 } else { cached += 1 }
    }

    /// Counts a file object out; returns whether nobody is left.
    mutating func remove(_ use: StreamSuspension) -> Bool {
        if use == .mapped {
            mapped -= 1
            return mapped == 0
        }
        cached -= 1
        return cached == 0
    }
}
