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
