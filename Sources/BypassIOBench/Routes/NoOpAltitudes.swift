import IOStack

/// The altitudes of the no-op filters, one for each.
enum NoOpAltitudes {
    static func first(_ count: Int) -> [Altitude] {
        (0..<count).map { Altitude(integer: 160_100 + UInt($0)) }
    }

    /// The options of `bypassio mount`.
    static func options(_ count: Int) -> [String] {
        first(count).flatMap { ["--filter", "noop=\($0)"] }
    }
}
