public import SystemPackage

/// Is told how a session fares, and if it wants to, of each request.
///
/// Called by the session's threads, and by the thread that answers a request, as it happens: it
/// must not wait, nor use the mount.
public protocol SessionObserver: Sendable {
    /// Whether requests are told; looked at once, when the connection is made.
    var wantsRequests: Bool { get }

    func saw(_ event: SessionEvent)
}

/// Told to a ``SessionObserver``.
public enum SessionEvent: Sendable {
    /// Nothing comes from the kernel any more. `ENODEV`: it was unmounted; `ECONNABORTED`: the
    /// connection was aborted, by either side. Told once.
    case ended(Errno)
    /// A further thread was needed and could not be started; the others go on. Told for the 1st,
    /// 2nd, 4th, 8th … time.
    case threadRefused(Errno)
    /// The kernel did not understand a reply; the request's caller gets `EIO`.
    case replyRefused(unique: RequestID)
    /// A request, once it is answered or needs no answer. Only if they are wanted.
    case request(CarriedRequest)
}

/// A request of the kernel and its outcome.
public struct CarriedRequest: Sendable {
    /// The kernel's number of it; a reply bears the same.
    public let unique: RequestID
    /// As the kernel calls the operation, such as `LOOKUP`.
    public let operation: String
    public let node: NodeID
    /// Bytes that it asks for or brings; of operations that move no data those behind its header.
    public let size: Int
    public let outcome: Outcome
    /// From its arrival until its answer is with the kernel.
    public let duration: Duration

    public enum Outcome: Sendable, Equatable {
        /// Bytes of the answer, behind its header.
        case answered(bytes: Int)
        case failed(Errno)
        /// It has no answer.
        case noted
        /// The kernel did not take the answer: no program waits for it any more.
        case answeredLate
    }
}
