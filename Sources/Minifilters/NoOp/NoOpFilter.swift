public import IOStack

/// Looks at every read, before and after, and does nothing: what the stack itself costs a filter's
/// presence. Attach as many as you like, each at an altitude of its own.
public struct NoOpFilter: Sendable {
    /// Where ``init(altitude:)`` puts it when nobody says otherwise: FSFilter Compression's range.
    public static let usualAltitude = Altitude(integer: 160_000)

    public let altitude: Altitude

    public init(altitude: Altitude = usualAltitude) {
        self.altitude = altitude
    }

    /// What the filter manager is told. The name holds the altitude, so that several can be
    /// registered; it needs to see no read, so that the kernel may carry them by itself.
    public var registration: FilterRegistration {
        FilterRegistration(
            name: altitude == Self.usualAltitude ? "noop" : "noop-\(altitude)",
            altitude: altitude, supportedFeatures: .bypassIO,
            operations: [
                OperationRegistration(
                    .read, preOperation: { _, _ in .successWithCallback(.none) },
                    postOperation: { _, _, _ in .finishedProcessing })
            ],
            kernelReads: .unwatched)
    }
}
