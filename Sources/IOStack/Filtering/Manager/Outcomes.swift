/// How far a request came on its way down.
enum DescentOutcome {
    /// Every filter let it pass; the file system is next.
    case reachedFileSystem
    /// A filter completed it.
    case completed
    /// A filter keeps it; ``FilterManager/resumeDescent(_:with:)`` goes on.
    case pended
}

/// How far a request came on its way up.
enum AscentOutcome {
    case finished
    case pended
}

/// The fate of a request at one node.
enum NodeOutcome {
    case passed
    case completed
    case pended
}
