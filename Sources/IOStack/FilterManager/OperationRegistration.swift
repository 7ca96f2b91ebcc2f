/// What a filter does with a request on its way down (`FLT_PREOP_CALLBACK_STATUS`).
///
/// DISALLOW_FASTIO and DISALLOW_FSFILTER_IO are left out: there is no fast I/O here.
public enum PreOperationResult: Sendable {
    /// Go on; call the post callback with this context (`FLT_PREOP_SUCCESS_WITH_CALLBACK`).
    /// Without a registered post callback it acts as ``successNoCallback``.
    case successWithCallback(CompletionContext)
    /// Go on; the filter does not care how it ends (`FLT_PREOP_SUCCESS_NO_CALLBACK`).
    case successNoCallback
    /// The filter keeps the request and calls
    /// ``CallbackData/completePendedPreOperation(_:)`` later, from any thread
    /// (`FLT_PREOP_PENDING`).
    case pending
    /// The filter set ``CallbackData/ioStatus``: nothing below sees the request, and of the post
    /// callbacks only those above run (`FLT_PREOP_COMPLETE`).
    case complete
    /// As ``successWithCallback(_:)``, and the post callback runs in the thread of this pre
    /// callback (`FLT_PREOP_SYNCHRONIZE`). Here every post callback does: a request is carried by
    /// one thread.
    case synchronize(CompletionContext)
}

/// What a filter does with a request on its way up (`FLT_POSTOP_CALLBACK_STATUS`).
public enum PostOperationResult: Sendable {
    case finishedProcessing
    /// The filter keeps the request and calls ``CallbackData/completePendedPostOperation()``
    /// later, from any thread (`FLT_POSTOP_MORE_PROCESSING_REQUIRED`).
    case moreProcessingRequired
}

/// What a pre callback hands to its post callback. Neither ``none`` nor ``value(_:)`` allocates.
public enum CompletionContext: Sendable {
    case none
    case value(UInt64)
    case object(any AnyObject & Sendable)
}

/// Called on the thread that carries the request, which must not be the one that detaches the
/// instance.
public typealias PreOperationCallback =
    @Sendable (CallbackData, FilterInstance) -> PreOperationResult
public typealias PostOperationCallback =
    @Sendable (CallbackData, FilterInstance, CompletionContext) -> PostOperationResult

/// One row of a filter's operation table (`FLT_OPERATION_REGISTRATION`).
public struct OperationRegistration: Sendable {
    /// Which requests a row leaves out.
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
