public import SystemPackage

/// Why a service cannot hand over, or another cannot take over: a sentence without its period. What
/// was there before goes on.
public enum RestartRefusal: Error, Sendable, CustomStringConvertible {
    /// The kernel reads open files by itself, and the file system can hand none of that over.
    case kernelReads
    case transport
    case volumeStackPaused
    /// Requests that wait and may not be carried twice.
    case requestsWait(Int)
    /// Requests that wait, on a kernel that does not send them again.
    case notSentAgain(Errno)
    /// The file system has no descriptor for an open file.
    case files
    /// SOURCE is another directory than the old service's.
    case otherSource
    case notRestored(String)
    /// INIT was not answered yet, or the mount is gone.
    case notServed
    case state(ServiceState.Malformed)
    case device(Errno)

    public var description: String {
        switch self {
        case .kernelReads:
            "files are open that the kernel reads itself (bypass=auto), on a file system that "
                + "cannot hand their gates over"
        case .transport:
            "requests come through the ring (transport=ring), which cannot be brought to rest; "
                + "a mount with transport=device can be restarted"
        case .volumeStackPaused: "the volume stack is paused"
        case .requestsWait(let count):
            "\(count) request\(count == 1 ? " waits" : "s wait") that cannot be carried by another "
                + "process"
        case .notSentAgain(let error):
            "requests wait, and this kernel does not send them again (\(error)): that takes Linux "
                + "6.9"
        case .files: "an open file has no descriptor"
        case .otherSource: "SOURCE's path leads to another directory now"
        case .notRestored(let what): "an open file was not taken over: \(what)"
        case .notServed: "the mount is not served"
        case .state(let fault): "the state was not understood: \(fault)"
        case .device(let error): "the connection to the kernel was not taken over: \(error)"
        }
    }
}
