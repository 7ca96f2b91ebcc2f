/// A minifilter's place in the stack: a decimal of any length, compared by value, never as text or
/// floating point (`load-order-groups-and-altitudes-for-minifilter-drivers.md`).
///
/// `325000.3` lies above `325000.25` and below `325000.31`; `40500` equals `040500.0`.
public struct Altitude: Sendable, CustomStringConvertible {
    /// The altitude as it was written.
    public let description: String
    /// Digits before the point, without leading zeros.
    private let integer: [UInt8]
    /// Digits after the point, without trailing zeros.
    private let fraction: [UInt8]

    /// A whole number, the form in which load order groups are given.
    public init(integer value: UInt) {
        description = String(value)
        integer = value == 0 ? [] : Array(description.utf8)
        fraction = []
    }

    /// nil unless `text` is digits with at most one point between digits.
    public init?(_ text: String) {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        guard parts.count == 1 || parts.count == 2,
            parts.allSatisfy({ !$0.isEmpty && $0.allSatisfy(digits.contains) })
        else { return nil }
        description = text
        integer = Array(parts[0].drop { $0 == UInt8(ascii: "0") })
        var fraction = parts.count == 2 ? Array(parts[1]) : []
        while fraction.last == UInt8(ascii: "0") { fraction.removeLast() }
        self.fraction = fraction
    }
}

extension Altitude: Comparable {
    public static func == (a: Altitude, b: Altitude) -> Bool {
        a.integer == b.integer && a.fraction == b.fraction
    }

    public static func < (a: Altitude, b: Altitude) -> Bool {
        if a.integer.count != b.integer.count { return a.integer.count < b.integer.count }
        if a.integer != b.integer { return a.integer.lexicographicallyPrecedes(b.integer) }
        return a.fraction.lexicographicallyPrecedes(b.fraction)
    }
}

extension Altitude: Hashable {
    public func hash(into hasher: inout Hasher) {
        hasher.combine(integer)
        hasher.combine(fraction)
    }
}
