public import BypassIOProtocol
public import SystemPackage

/// Why a control got no answer.
public enum BypassIOClientError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The file is on no bypassio volume (`ENOTTY`).
    case noVolume
    /// The volume's service has ended (`ENOTCONN`).
    case serviceGone
    /// The kernel refused the ioctl.
    case refused(Errno)
    /// The control as a whole failed with this status.
    case status(NTStatus)
    /// The answer does not fit its operation.
    case malformedAnswer

    init(_ errno: Errno) {
        switch errno {
        case .inappropriateIOCTLForDevice: self = .noVolume
        case .socketNotConnected, .connectionAbort: self = .serviceGone
        default: self = .refused(errno)
        }
    }

    public var description: String {
        switch self {
        case .noVolume:
            "The file is on no bypassio volume: mount its directory with bypassio mount."
        case .serviceGone:
            "The volume's service has ended: unmount it with bypassio umount, and mount it again."
        case .refused(let errno):
            "The control was not sent: \(errno) (errno \(errno.rawValue))."
        case .status(let status): "The volume failed the control: \(status.message)."
        case .malformedAnswer: "The volume's answer is malformed; client and service disagree."
        }
    }
}
