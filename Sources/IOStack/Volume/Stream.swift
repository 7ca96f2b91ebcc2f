/// One file of a volume as long as somebody has it open: NTFS' stream control block, with the
/// `BypassIoOpenCount` of `FSRTL_ADVANCED_FCB_HEADER`.
public final class Stream: Sendable {
    public let id: FileID
    public let kind: StreamKind
    /// Tells the file from a later one with the same ``id``; nil where the file system does not
    /// know it.
    public let birthTime: FileTime?

    /// Which of its reads may skip the filters.
    let bypass = BypassStream()
    let contexts = ContextTable()

    /// While the kernel may read the file itself for somebody.
    ///
    /// Lock order: before the locks of the file system; nothing of the volume's is taken under it.
    let kernelReads = GuardedOnDemand<KernelReads>()

    init(_ opened: OpenedFile) {
        id = opened.id
        kind = opened.kind
        birthTime = opened.birthTime
    }

    /// File objects of this stream with bypass enabled, paused ones included.
    public var bypassOpenCount: Int { bypass.control.look { $0.bypassOpenCount } }

    /// A file object has bypass, or an ENABLE of one is under way. For a filter that is about to
    /// change the file's data and whose veto stands: if false, there is nothing to pause.
    public var mayHaveBypass: Bool { bypass.mayHaveBypass }

    /// STREAM_PAUSE is in force.
    public var isPaused: Bool { bypass.gate.closed.contains(.paused) }

    /// What keeps the stream off the bypass route without pausing it.
    public var suspensions: StreamSuspension { bypass.control.withLock { $0.suspensions } }

    /// Why a read of a file object with bypass enabled would now take the traditional route, as far
    /// as the file is concerned; nil if it would not.
    public var traditionalCause: TraditionalCause? { bypass.gate.cause }

    /// Bypassed reads in flight.
    public var bypassedReadsInFlight: Int { bypass.gate.readsInside }
}
