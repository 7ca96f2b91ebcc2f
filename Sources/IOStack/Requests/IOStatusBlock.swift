public import BypassIOProtocol

/// How a request ended: `IO_STATUS_BLOCK`, and the errno it came from if the host gave one.
public struct IOStatusBlock: Sendable, Equatable {
    public var status: NTStatus
    /// Bytes transferred or written to the output, by request (`IO_STATUS_BLOCK.Information`).
    public var information: Int
    /// The errno of the backing file system, passed on as it came; 0 when there was none.
    public var hostErrno: Int32

    public init(_ status: NTStatus, information: Int = 0, hostErrno: Int32 = 0) {
        self.status = status
        self.information = information
        self.hostErrno = hostErrno
    }

    public init(_ failure: IOFailure) {
        self.init(failure.status, information: 0, hostErrno: failure.hostErrno)
    }

    public static var success: IOStatusBlock { IOStatusBlock(.success) }

    /// The failure this block stands for, or nil when the request succeeded.
    public var failure: IOFailure? {
        status.isError ? IOFailure(status, hostErrno: hostErrno) : nil
    }
}
