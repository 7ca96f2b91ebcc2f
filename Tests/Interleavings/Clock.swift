/// A vector clock: of each thread, how many of its steps happened before.
struct Clock {
    private(set) var counts: [Int]

    init(threads: Int) { counts = Array(repeating: 0, count: threads) }

    mutating func join(_ other: Clock) {
        for index in counts.indices { counts[index] = max(counts[index], other.counts[index]) }
    }

    mutating func advance(_ thread: Int) { counts[thread] += 1 }

    func includes(step number: Int, of thread: Int) -> Bool { counts[thread] >= number }
}
