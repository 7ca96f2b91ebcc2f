public import BypassIOProtocol
public import IOStack

/// The outcome of a step. It travels between the processes of a mount's run, so it is plain values.
public struct Outcome: Codable, Sendable, Equatable {
    /// The request's final status, an NTSTATUS. On a mount it may also come from an errno, as
    /// closely as it can.
    public var status: UInt32 = 0
    /// On a mount: the program's errno.
    public var errno: Int32?
    /// `IO_STATUS_BLOCK.Information` of a control.
    public var information: Int?
    /// The whole output buffer of a control. It began filled with ``untouchedByte``.
    public var output: [UInt8]?
    /// Bytes read or written.
    public var transferred: Int?
    /// The place of a read byte that the file does not hold.
    public var wrongByteAt: UInt64?
    /// The read's route, a `ReadRoute`; nil if it is not known.
    public var route: UInt8?
    /// Why the read did not bypass, a `TraditionalCause`.
    public var cause: UInt8?
    public var count: Int?
    public var stream: StreamFacts?
    /// A started action has not returned.
    public var isWaiting = false
    /// Why the step could not be done at all: a fault of the scenario or of the machine.
    public var problem: String?

    /// Output buffers are filled with it before a control is sent.
    public static let untouchedByte: UInt8 = 0xA5

    public init() {}

    public init(_ status: NTStatus) { self.status = status.rawValue }

    public init(problem: String) { self.problem = problem }

    public init(_ failure: IOFailure) { status = failure.status.rawValue }

    public var ntStatus: NTStatus { NTStatus(rawValue: status) }

    /// The output of a control, as far as it was written.
    var decodedOutput: FSBypassIOOutput? {
        guard let output, let information, information <= output.count else { return nil }
        let bytes = Array(output.prefix(information))
        return try? FSBypassIOOutput(decoding: bytes.span)
    }
}

/// The state of a stream.
public struct StreamFacts: Codable, Sendable, Equatable {
    /// Of the file object that was asked about.
    public var isEnabled: Bool
    public var bypassOpenCount: Int
    public var isPaused: Bool
    /// A `StreamSuspension`.
    public var suspensions: UInt8

    public init(_ file: FileObject) {
        isEnabled = file.isBypassEnabled
        bypassOpenCount = file.stream.bypassOpenCount
        isPaused = file.stream.isPaused
        suspensions = file.stream.suspensions.rawValue
    }
}
