/// A pre callback's decision about a request (`FLT_PREOP_CALLBACK_STATUS`).
///
/// DISALLOW_FASTIO and DISALLOW_FSFILTER_IO are left out: there is no fast I/O here.
public enum PreOperationResult: Sendable {
    /// Go on; call the post callback with this context (`FLT_PREOP_SUCCESS_WITH_CALLBACK`).
    /// Without a registered post callback it acts as ``successNoCallback``.
    case successWithCallback(CompletionContext)
    /// Go on; the filter does not need to see the end (`FLT_PREOP_SUCCESS_NO_CALLBACK`).
    case successNoCallback
    /// The filter keeps the request and calls
    /// ``CallbackData/completePendedPreOperation(_:_:)`` later, from any thread
    /// (`FLT_PREOP_PENDING`).
    case pending
    /// The filter set ``CallbackData/ioStatus``. No layer below sees the request, and only the post
    /// callbacks above run (`FLT_PREOP_COMPLETE`).
    case complete
    /// As ``successWithCallback(_:)``, but the post callback runs in the thread of this pre
    /// callback (`FLT_PREOP_SYNCHRONIZE`). Here every post callback does, because one thread
    /// carries a request.
    case synchronize(CompletionContext)
}

/// A post callback's decision about a request (`FLT_POSTOP_CALLBACK_STATUS`).
public enum PostOperationResult: Sendable {
    case finishedProcessing
    /// The filter keeps the request and calls ``CallbackData/completePendedPostOperation(_:)``
    /// later, from any thread (`FLT_POSTOP_MORE_PROCESSING_REQUIRED`).
    case moreProcessingRequired
}
