/// How an IOCTL_STORAGE_MANAGE_BYPASS_IO ended below a driver that passed it on.
public enum StorageControlOutcome: Sendable, Equatable {
    /// Everybody below agreed. Of a DISABLE: it reached everybody.
    case agreed
    case vetoed(BypassVeto)
    /// A driver failed the IOCTL itself.
    case failed(driver: String, IOFailure)

    /// What the file system tells of it; nil if nobody refused.
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
