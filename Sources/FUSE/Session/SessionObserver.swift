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
    /// A request failed for no fault of its program: `EIO`, `EUCLEAN`, `ENOSPC`, `EDQUOT`,
    /// `ENODEV`, `EBADMSG`. Told each time.
    case storageFailed(Errno)
    /// A request of a user has waited for so long, and waits on. `isKept`: for a filter that keeps
    /// it, or for a drain; otherwise the file system itself does not answer. Told once for a
    /// request.
    case waitsLong(Duration, user: UInt32, isKept: Bool)
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

/// Follows requests of the kernel from their arrival to their answer, while it wants to
/// (``Connection/follow(_:)``).
///
/// Called by the session's threads, under no lock of theirs: it must not wait, nor use the mount.
public protocol RequestTracer: Sendable {
    /// A request that has an answer came. Returns what stands for it until then; nil: it is not
    /// followed.
    func came(_ request: ArrivedRequest) -> (any FollowedRequest)?
}

/// A request that a ``RequestTracer`` follows. The thread that carries it finds it at
/// ``WorkerThread/followed``.
public protocol FollowedRequest: AnyObject, Sendable {
    /// Its answer is with the kernel, or was refused there. Called once, by the thread that
    /// answered.
    ///
    /// - Parameters:
    ///   - outcome: the answer, or why there was none.
    ///   - moment: nanoseconds of CLOCK_MONOTONIC.
    ///   - opened: the handle that the answer to an open brought.
    func ended(_ outcome: CarriedRequest.Outcome, at moment: UInt64, opened: HandleID?)
}

/// A request as the kernel sends it, before the service sees it.
public struct ArrivedRequest: Sendable {
    /// The kernel's number of it; a reply bears the same.
    public let unique: RequestID
    /// As the kernel calls the operation, such as `LOOKUP`.
    public let operation: String
    public let node: NodeID
    /// As in ``RequestContext``.
    public let userID: UInt32
    public let threadID: Int32
    /// Of requests about an open file.
    public let handle: HandleID?
    /// Of a READ and a WRITE, in bytes.
    public let offset: UInt64?
    public let size: Int?
    /// Nanoseconds of CLOCK_MONOTONIC.
    public let arrival: UInt64

    /// What is not a message of the kernel's, and yet is followed as one.
    public init(
        operation: String, threadID: Int32, userID: UInt32, offset: UInt64?, size: Int?,
        arrival: UInt64
    ) {
        unique = RequestID(0)
        node = NodeID(0)
        handle = nil
        self.operation = operation
        self.threadID = threadID
        self.userID = userID
        (self.offset, self.size) = (offset, size)
        self.arrival = arrival
    }

    init(_ header: RequestHeader, _ reader: inout MessageReader, at arrival: UInt64) {
        let opcode = Opcode(rawValue: header.opcode)
        unique = header.unique
        operation = Opcode.kernelName(of: header.opcode)
        node = header.node
        userID = header.userID
        threadID = Int32(bitPattern: header.processID)
        self.arrival = arrival
        handle =
            opcode?.beginsWithHandle == true ? (try? reader.u64()).map { HandleID($0) } : nil
        guard opcode == .read || opcode == .write, let first = try? reader.u64(),
            let count = try? reader.u32()
        else {
            (offset, size) = (nil, nil)
            return
        }
        (offset, size) = (first, Int(count))
    }
}

extension Opcode {
    /// The message's first word behind the header is a handle.
    fileprivate var beginsWithHandle: Bool {
        switch self {
        case .read, .write, .release, .flush, .synchronize, .control, .seek, .allocate, .testLock,
            .setLock, .waitForLock, .readDirectory, .readDirectoryPlus, .releaseDirectory,
            .synchronizeDirectory, .copyFileRange, .copyFileRange64:
            true
        default: false
        }
    }

    /// Where the handle stands in the body of an answer that brings one.
    var placeOfOpenedHandle: Int? {
        switch self {
        case .open, .openDirectory: 0
        // Behind `struct fuse_entry_out`.
        case .create, .temporaryFile: 128
        default: nil
        }
    }
}
