/// Called on the thread that carries the request. That thread must not be detaching the instance.
public typealias PreOperationCallback =
    @Sendable (CallbackData, FilterInstance) -> PreOperationResult
public typealias PostOperationCallback =
    @Sendable (CallbackData, FilterInstance, CompletionContext) -> PostOperationResult

/// One row of a filter's operation table (`FLT_OPERATION_REGISTRATION`).
public struct OperationRegistration: Sendable {
    /// The requests that a row leaves out.
    public struct Flags: OptionSet, Sendable, Hashable {
        public let rawValue: UInt32
        public init(rawValue: UInt32) { self.rawValue = rawValue }

        /// No callback for I/O of cached handles (`FLTFL_OPERATION_REGISTRATION_SKIP_CACHED_IO`).
        public static let skipCachedIO = Flags(rawValue: 2)
        /// No callback but for volume handles (`…_SKIP_NON_DASD_IO`).
        public static let skipNonDASDIO = Flags(rawValue: 4)
        /// No callback for I/O of non-cached handles (`…_SKIP_NON_CACHED_NON_PAGING_IO`).
        public static let skipNonCachedNonPagingIO = Flags(rawValue: 8)
    }

    public var majorFunction: MajorFunction
    public var flags: Flags
    public var preOperation: PreOperationCallback?
    public var postOperation: PostOperationCallback?

    public init(
        _ majorFunction: MajorFunction, flags: Flags = [],
        preOperation: PreOperationCallback? = nil, postOperation: PostOperationCallback? = nil
    ) {
        self.majorFunction = majorFunction
        self.flags = flags
        self.preOperation = preOperation
        self.postOperation = postOperation
    }
}
