public import BypassIOProtocol

/// One request on its way through the stack: `FLT_CALLBACK_DATA` with its `IO_STATUS_BLOCK`.
///
/// A request is carried by one thread, which runs every callback. Only that thread touches the
/// members, with one exception: whoever was told `pending` owns the request until it calls
/// ``completePendedPreOperation(_:)`` or ``completePendedPostOperation()``, which hands it back.
public final class CallbackData: @unchecked Sendable {
    /// How the request got into the stack.
    public struct Flags: OptionSet, Sendable, Hashable {
        public let rawValue: UInt32
        public init(rawValue: UInt32) { self.rawValue = rawValue }

        /// Sent by a filter through its instance (`FLTFL_CALLBACK_DATA_GENERATED_IO`).
        public static let generatedIO = Flags(rawValue: 0x10000)
        /// On its way up (`FLTFL_CALLBACK_DATA_POST_OPERATION`).
        public static let postOperation = Flags(rawValue: 0x80000)
    }

    /// What is asked. A pre callback may change it within the same major function; what is below
    /// sees the change.
    public var parameters: IOParameters
    /// The file the request is about; nil only before a create reached the file system.
    public internal(set) var fileObject: FileObject?
    public internal(set) var requestor: Requestor
    /// The data of a read or a write.
    public internal(set) var buffer: (any IOBuffer)?
    /// Valid in post callbacks, and what a filter sets before it completes a request itself.
    public var ioStatus = IOStatusBlock.success
    /// What the request brought back. For a file-system control the output, `.bytes`.
    public var result = IOResult.none
    public internal(set) var flags: Flags = []

    /// Where the request stands; see ``FilterManager``.
    var descent = FilterDescent()
    /// Set while an instance's pre callback runs: a BypassIO veto is allowed only there.
    var preOperationInstance: FilterInstance?
    /// The instance whose post callback kept the request.
    var keptBy: FilterInstance?
    let parking = RequestParking()

    init(
        _ parameters: IOParameters, fileObject: FileObject?, requestor: Requestor,
        buffer: (any IOBuffer)? = nil
    ) {
        self.parameters = parameters
        self.fileObject = fileObject
        self.requestor = requestor
        self.buffer = buffer
    }

    public var majorFunction: MajorFunction { parameters.majorFunction }

    /// Ends the request with a failure; for a pre callback that returns
    /// ``PreOperationResult/complete``.
    public func fail(_ status: NTStatus, hostErrno: Int32 = 0) {
        ioStatus = IOStatusBlock(status, information: 0, hostErrno: hostErrno)
    }

    /// Goes on with a request that a pre callback pended, as if it had returned `result` then.
    /// Callable from any thread, once; `result` must not be `pending`.
    public func completePendedPreOperation(_ result: PreOperationResult) {
        if case .pending = result {
            preconditionFailure("a pended request cannot be completed with pending")
        }
        parking.resume(.preOperation(result))
    }

    /// Goes on with a request that a post callback kept.
    /// Callable from any thread, once.
    public func completePendedPostOperation() {
        parking.resume(.postOperation)
    }
}
