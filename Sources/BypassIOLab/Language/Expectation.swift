public import BypassIOProtocol
public import IOStack

/// An answer that a step must give.
public enum Expectation: Sendable, Equatable {
    // MARK: How a request ended

    /// STATUS_SUCCESS, and no veto in OpStatus.
    case success
    /// The request as a whole ended with this status.
    case status(NTStatus)
    /// STATUS_SUCCESS with this status in OpStatus.
    case vetoed(NTStatus)
    /// The Win32 number of the veto, otherwise of the status.
    case win32(UInt32)
    /// The driver that vetoed; nil is the file system, whose name differs on a mount.
    case driver(String?)
    case reason(String)
    case information(Int)
    case flags(BypassIOOutputFlags)
    case activeCount(UInt32)
    case storageDriver(String)
    case bytes(at: Int, [UInt8])
    /// The output buffer's bytes from here on are unchanged.
    case untouched(from: Int)

    // MARK: Transfers

    case transferred(Int)
    case route(ReadRoute)
    /// One of them.
    case cause(Set<TraditionalCause>)

    // MARK: What is seen from outside

    case count(Int)
    case bypassOpenCount(Int)
    case paused(Bool)
    case enabled(Bool)
    /// nil: nothing suspends the stream.
    case suspended(StreamSuspension?)
    case waiting
}
