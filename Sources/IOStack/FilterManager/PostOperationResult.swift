/// What a filter does with a request on its way up (`FLT_POSTOP_CALLBACK_STATUS`).
public enum PostOperationResult: Sendable {
    case finishedProcessing
    /// The filter keeps the request and calls ``CallbackData/completePendedPostOperation(_:)``
    /// later, from any thread (`FLT_POSTOP_MORE_PROCESSING_REQUIRED`).
    case moreProcessingRequired
}
