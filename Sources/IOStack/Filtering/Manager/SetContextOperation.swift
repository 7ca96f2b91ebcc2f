/// What `ContextTable.set(_:for:_:)` does if there is a context already
/// (`FLT_SET_CONTEXT_OPERATION`).
public enum SetContextOperation: Sendable {
    case replaceIfExists
    case keepIfExists
}
