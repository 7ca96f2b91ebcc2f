public import BypassIOProtocol

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
    public init(errno: Int32) {
        self.init(NTStatus(errno: errno) ?? .ioDeviceError, hostErrno: errno)
    }

    /// What a Linux caller sees: the host's errno as it came, or the status' own (EIO if none).
    public var errno: Int32 {
        hostErrno != 0 ? hostErrno : (status.errno ?? 5)
    }

    public var description: String {
        hostErrno == 0 ? "\(status)" : "\(status) (errno \(hostErrno))"
    }
}
