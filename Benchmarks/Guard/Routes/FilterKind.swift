import IOStack

/// The callbacks of a route's filters. No callback does anything.
enum FilterKind {
    /// A pre-read callback.
    case preRead
    /// A pre-read callback that asks for its post-read callback.
    case preAndPostRead
    /// Callbacks for writes only: the stack calls none of them for a read.
    case writes

    func registration(_ number: Int) -> FilterRegistration {
        FilterRegistration(
            name: "filter\(number)", altitude: Altitude(integer: 370_000 + UInt(number)),
            supportedFeatures: .bypassIO, operations: operations)
    }

    private var operations: [OperationRegistration] {
        switch self {
        case .preRead:
            [OperationRegistration(.read, preOperation: { _, _ in .successNoCallback })]
        case .preAndPostRead:
            [
                OperationRegistration(
                    .read, preOperation: { _, _ in .successWithCallback(.none) },
                    postOperation: { _, _, _ in .finishedProcessing })
            ]
        case .writes:
            [OperationRegistration(.write, preOperation: { _, _ in .successNoCallback })]
        }
    }
}
