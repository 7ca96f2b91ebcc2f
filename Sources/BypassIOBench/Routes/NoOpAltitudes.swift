import IOStack

/// Where the no-op filters are attached: each at an altitude of its own.
enum NoOpAltitudes {
    static func first(_ count: Int) -> [Altitude] {
        (0..<count).map { Altitude(integer: 160_100 + UInt($0)) }
    }

    /// The options of `bypassio mount`.
    static func options(_ count: Int) -> [String] {
        first(count).flatMap { ["--filter", "noop=\($0)"] }
    }
}
