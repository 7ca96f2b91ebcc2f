/// A pre callback's message to its post callback. Neither ``none`` nor ``value(_:)`` allocates.
public enum CompletionContext: Sendable {
    case none
    case value(UInt64)
    case object(any AnyObject & Sendable)
}
