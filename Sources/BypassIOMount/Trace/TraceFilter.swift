public import IOStack

/// Which requests a trace has.
public struct TraceFilter: Sendable {
    /// nil: of every file, and of none.
    public var path: PathPattern?
    /// A process, by the service's numbers; nil: all.
    public var process: Int32?

    public init(path: PathPattern? = nil, process: Int32? = nil) {
        self.path = path
        self.process = process
    }
}

/// Why a mount is not traced.
public enum TraceRefusal: Error, Sendable {
    /// So many traces run already.
    case tooMany(Int)
    /// Its options name no observer (``VolumeMountOptions/observer``).
    case unobserved
    /// It is served no more.
    case ended
}
