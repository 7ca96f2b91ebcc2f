public import BypassIOProtocol

/// Why a file system, volume or storage driver does not let BypassIO through.
public struct StorageVeto: Error, Sendable, Equatable {
    /// An error status.
    public var status: NTStatus
    /// One plain English sentence, cut to 128 UTF-16 units on the wire.
    public var reason: String

    public init(_ status: NTStatus, reason: String) {
        self.status = status
        self.reason = reason
    }

    /// The veto in the name of a driver that never opted in.
    public static var notOptedIn: StorageVeto {
        StorageVeto(
            .noBypassIODriverSupport,
            reason: "The specified driver does not support bypass IO.")
    }
}
