/// How long the kernel may go on without asking again.
public struct Validity: Sendable, Equatable {
    let seconds: UInt64
    let nanoseconds: UInt32

    /// A negative duration counts as zero.
    public init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        let isNegative = seconds < 0 || attoseconds < 0
        self.seconds = isNegative ? 0 : UInt64(seconds)
        nanoseconds = isNegative ? 0 : UInt32(attoseconds / 1_000_000_000)
    }

    public static let none = Validity(.zero)
    /// For services that have no reason for another.
    public static let second = Validity(.seconds(1))
}
