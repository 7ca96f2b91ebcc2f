public import BypassIOProtocol
public import SystemPackage

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

/// Why a request failed: the NTSTATUS, and the backing file system's errno if it began there.
public struct IOFailure: Error, Sendable, Equatable, CustomStringConvertible {
    public let status: NTStatus
    /// 0 when no host call was involved.
    public let hostErrno: Int32

    public init(_ status: NTStatus, hostErrno: Int32 = 0) {
        self.status = status
        self.hostErrno = hostErrno
    }

    /// A failure of a host system call. An errno without an NTSTATUS of its own is an I/O error
    /// that keeps its number.
    public init(errno: Errno) {
        self.init(NTStatus(errno: errno.rawValue) ?? .ioDeviceError, hostErrno: errno.rawValue)
    }

    /// What a Linux caller sees: the host's errno as it came, or the status' own (EIO if none).
    public var errno: Errno {
        if hostErrno != 0 { return Errno(rawValue: hostErrno) }
        return status.errno.map { Errno(rawValue: $0) } ?? .ioError
    }

    public var description: String {
        hostErrno == 0 ? "\(status)" : "\(status) (errno \(hostErrno))"
    }
}
