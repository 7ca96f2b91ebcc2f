/// The outcome of an IOCTL_STORAGE_MANAGE_BYPASS_IO below a driver that passed it on.
public enum StorageControlOutcome: Sendable, Equatable {
    /// Every driver below agreed. A DISABLE has reached all of them.
    case agreed
    case vetoed(BypassVeto)
    /// A driver failed the IOCTL itself.
    case failed(driver: String, IOFailure)

    /// The file system's veto for this outcome; nil if no driver refused.
    var veto: BypassVeto? {
        switch self {
        case .agreed: nil
        case .vetoed(let veto): veto
        case .failed(let driver, let failure):
            BypassVeto(
                driver: driver, status: failure.status,
                reason: "The driver failed the request to manage bypass.")
        }
    }
}
