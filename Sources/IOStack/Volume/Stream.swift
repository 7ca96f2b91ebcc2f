/// A file of a volume, for as long as it is open at least once: NTFS' stream control block, with
/// the `BypassIoOpenCount` of `FSRTL_ADVANCED_FCB_HEADER`.
public final class Stream: Sendable {
    public let id: FileID
    public let kind: StreamKind
    /// Tells the file from a later one with the same ``id``; nil if the file system does not know
    /// it.
    public let birthTime: FileTime?

    /// Decides which of the stream's reads may skip the filters.
    let bypass = BypassStream()
    let contexts = ContextTable()

    /// Set while a grant lets the kernel read the file by itself.
    ///
    /// Lock order: before the locks of the file system; no lock of the volume is taken under it.
    let kernelReads = GuardedOnDemand<KernelReads>()

    init(_ opened: OpenedFile) {
        id = opened.id
        kind = opened.kind
        birthTime = opened.birthTime
    }

    /// File objects of this stream with bypass enabled, paused ones included.
    public var bypassOpenCount: Int { bypass.control.look { $0.bypassOpenCount } }

    /// A file object has bypass, or an ENABLE is under way. For a filter whose veto stands and that
    /// is about to change the file's data: if false, there is nothing to pause.
    public var mayHaveBypass: Bool { bypass.mayHaveBypass }

    /// STREAM_PAUSE is in force.
    public var isPaused: Bool { bypass.gate.closed.contains(.paused) }

    /// STREAM_PAUSE of a program is in force, which no filter ends.
    public var isPausedByProgram: Bool {
        bypass.control.look { $0.isPaused && $0.pausers.isEmpty }
    }

    /// The causes that keep the stream off the bypass route without a pause.
    public var suspensions: StreamSuspension { bypass.control.withLock { $0.suspensions } }

    /// Why a read of a file object with bypass enabled would now take the traditional route, as far
    /// as the stream decides; nil if it would not.
    public var traditionalCause: TraditionalCause? { bypass.gate.cause }

    /// Bypassed reads in flight.
    public var bypassedReadsInFlight: Int { bypass.gate.readsInside }
}
