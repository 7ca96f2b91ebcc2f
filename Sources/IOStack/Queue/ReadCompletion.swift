public import BypassIOProtocol

/// A read of a queue that is done.
@frozen
public struct ReadCompletion: Sendable {
    /// The tag that the caller gave ``ReadQueue/read(_:at:length:tag:)``.
    public let tag: UInt64
    /// Its bytes lie in this slot until ``ReadQueue/release(_:)``.
    public let slot: Int
    let number: UInt32
    /// Bytes read; fewer than asked at the end of the file.
    public let count: Int
    public let status: NTStatus
    /// The host's errno; 0 if there was none.
    public let hostErrno: Int32
    public let route: ReadRoute

    /// nil if the read succeeded.
    public var failure: IOFailure? {
        status.isError ? IOFailure(status, hostErrno: hostErrno) : nil
    }
}
