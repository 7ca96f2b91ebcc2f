/// What an object of a filter's own is attached to (`FLT_CONTEXT_TYPE`).
public enum ContextKind: UInt8, Sendable, Hashable, CaseIterable {
    case volume
    case instance
    case stream
    /// One file object: Windows' stream handle context.
    case streamHandle
}
