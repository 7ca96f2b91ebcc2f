/// A part of the stack that a scenario names.
public enum Component: Sendable, Hashable, CustomStringConvertible {
    case filter(String)
    case driver(String)
    case storage

    public var description: String {
        switch self {
        case .filter(let name): "filter \(name)"
        case .driver(let name): "driver \(name)"
        case .storage: "storage"
        }
    }
}

/// Events that a part of the stack can see and count.
public enum Sight: Sendable, Hashable {
    case reads
    case writes
    /// Post-operation callbacks with FLTFL_POST_OPERATION_DRAINING.
    case draining
    /// Controls by the operation's number: FSCTL_MANAGE_BYPASS_IO for filters,
    /// IOCTL_STORAGE_MANAGE_BYPASS_IO below the file system.
    case control(UInt32)
}
