public import BypassIOProtocol
public import SystemPackage

/// A request's status: `IO_STATUS_BLOCK`, and the host's errno if there was one.
public struct IOStatusBlock: Sendable, Equatable {
    public var status: NTStatus
    /// Bytes transferred or written to the output, by request (`IO_STATUS_BLOCK.Information`).
    public var information: Int
    /// The errno of the backing file system, unchanged; 0 if there was none.
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

    /// The failure that this block stands for; nil if the request succeeded.
    public var failure: IOFailure? {
        status.isError ? IOFailure(status, hostErrno: hostErrno) : nil
    }
}

/// Why a request failed: the NTSTATUS, and the backing file system's errno if it failed there.
public struct IOFailure: Error, Sendable, Equatable, CustomStringConvertible {
    public let status: NTStatus
    /// 0 if no host call was involved.
    public let hostErrno: Int32

    public init(_ status: NTStatus, hostErrno: Int32 = 0) {
        self.status = status
        self.hostErrno = hostErrno
    }

    /// A failure of a host system call. An errno without an NTSTATUS of its own becomes an I/O
    /// error that keeps its number.
    public init(errno: Errno) {
        self.init(NTStatus(errno: errno.rawValue) ?? .ioDeviceError, hostErrno: errno.rawValue)
    }

    /// The errno for a Linux caller: the host's, unchanged, or the status' own (EIO if it has
    /// none).
    public var errno: Errno {
        if hostErrno != 0 { return Errno(rawValue: hostErrno) }
        return status.errno.map { Errno(rawValue: $0) } ?? .ioError
    }

    public var description: String {
        hostErrno == 0 ? "\(status)" : "\(status) (errno \(hostErrno))"
    }
}
