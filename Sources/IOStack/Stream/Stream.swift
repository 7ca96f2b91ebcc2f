/// One file of a volume as long as somebody has it open: NTFS' stream control block, with the
/// `BypassIoOpenCount` of `FSRTL_ADVANCED_FCB_HEADER`.
public final class Stream: Sendable {
    public let id: FileID
    public let kind: StreamKind
    /// Tells the file from a later one with the same ``id``; nil where the file system does not know it.
    public let birthTime: FileTime?

    /// Every bypassed read passes here.
    let gate = StreamGate()
    let contexts = ContextTable()

    /// What the stream's controls change.
    ///
    /// Lock order: after the volume's `state`; a leaf. Hashable for the search through every order.
    struct Control: Hashable {
        /// File objects with bypass enabled (`FsRtlGetBypassIoOpenCount`).
        var bypassOpenCount = 0
        /// Counts STREAM_PAUSEs, those too that found nobody to pause: a resume does not undo a later
        /// one, and an ENABLE that began before asks again (``EnableTicket``).
        var pauseEpoch: UInt64 = 0
        /// ENABLEs that have not reached the file system yet, or are on their way back.
        var enablesUnderWay = 0
        /// Counts how often the last file object to have bypass lost it, which ends a pause.
        var lastDisables: UInt64 = 0
        /// DISABLEs, and pauses where nobody has bypass, that wait for the stream's reads.
        var settling = 0
        /// File objects that do cached and mapped I/O.
        var cachedUsers = CachedUsers()
        /// Counts the beginnings and ends of changes of attributes that decide about BypassIO.
        var attributeChanges: UInt64 = 0
        var attributeChangesUnderWay = 0
        /// STREAM_PAUSEs that drain.
        var pausesUnderWay = 0
        // Last, these share a word.
        /// A pause in force was answered with success: one that fails later leaves it.
        var isPauseSettled = false
        /// A pause begins and ends with nobody having refused its end.
        var isPaused = false {
            didSet {
                isResumeRefused = false
                if !isPaused { pausers = [] }
            }
        }
        /// Somebody refused to end the pause in force: when a filter is detached, it is asked again
        /// (``Volume/endPausesRefused()``).
        var isResumeRefused = false
        var suspensions: StreamSuspension = []
        /// Instances that paused the stream through their ``FilterInstance/Bypass-swift.struct``, while a
        /// pause is in force: each has it resumed when it restores bypass or is detached.
        var pausers: [ObjectIdentifier] = []
    }
    let control = Guarded(Control())

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
    public var bypassOpenCount: Int { control.look { $0.bypassOpenCount } }

    /// A file object has bypass, or an ENABLE of one is under way. For a filter that is about to change
    /// the file's data and whose veto stands: if false, there is nothing to pause.
    public var mayHaveBypass: Bool {
        control.look { $0.bypassOpenCount > 0 || $0.enablesUnderWay > 0 }
    }

    /// STREAM_PAUSE is in force.
    public var isPaused: Bool { gate.closed.contains(.paused) }

    /// What keeps the stream off the bypass route without pausing it.
    public var suspensions: StreamSuspension { control.withLock { $0.suspensions } }

    /// Why a read of a file object with bypass enabled would now take the traditional route, as far
    /// as the file is concerned; nil if it would not.
    public var traditionalCause: TraditionalCause? { gate.cause }

    /// Bypassed reads in flight.
    public var bypassedReadsInFlight: Int { gate.readsInside }
}
