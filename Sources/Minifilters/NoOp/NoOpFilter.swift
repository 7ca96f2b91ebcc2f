public import IOStack

/// Sees every read, before and after, and does nothing. It shows the stack's own cost of a filter.
/// Any number may be attached, each at an altitude of its own.
public struct NoOpFilter: Sendable {
    /// The default of ``init(altitude:)``, in FSFilter Compression's range.
    public static let usualAltitude = Altitude(integer: 160_000)

    public let altitude: Altitude

    public init(altitude: Altitude = usualAltitude) {
        self.altitude = altitude
    }

    /// The registration for the filter manager. The name holds the altitude, so that several can be
    /// registered. The filter needs to see no read, so the kernel may read by itself.
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
