/// How far a request came on its way down.
enum DescentOutcome {
    /// Every filter let it pass: the file system is next.
    case reachedFileSystem
    /// A filter completed it.
    case completed
    /// A filter keeps it; go on with ``FilterManager/resumeDescent(_:with:)``.
    case pended
}

/// How far a request came on its way up.
enum AscentOutcome {
    case finished
    case pended
}

/// What became of a request at one node.
enum NodeOutcome {
    case passed
    case completed
    case pended
}
