public import BypassIOProtocol

/// A layer's refusal of BypassIO: its name, the status and the reason, the three fields of
/// FS_BPIO_RESULTS.
public struct BypassVeto: Error, Sendable, Hashable {
    public var driver: String
    public var status: NTStatus
    public var reason: String

    public init(driver: String, status: NTStatus, reason: String) {
        self.driver = driver
        self.status = status
        self.reason = reason
    }

    /// The veto as the control code brought it.
    public init(_ results: BypassIOResults) {
        self.init(
            driver: results.driverName.string, status: results.status,
            reason: results.failureReason.string)
    }

    /// A status that is no error becomes STATUS_NOT_SUPPORTED: the driver refuses all the same.
    init(driver: String, _ veto: StorageVeto) {
        self.init(
            driver: driver, status: veto.status.isError ? veto.status : .notSupported,
            reason: veto.reason)
    }

    /// The veto for a minifilter that never opted in (spec 3.1, sample 1).
    static func notOptedIn(filter: String) -> BypassVeto {
        BypassVeto(
            driver: filter, status: .bypassIOFilterNotSupported,
            reason: "The specified minifilter does not support bypass IO.")
    }

    /// The veto as the control code carries it: names cut to 32 and reasons to 128 UTF-16 units.
    public var results: BypassIOResults {
        BypassIOResults(
            status: status, driverName: DriverName(truncating: driver),
            failureReason: FailureReason(truncating: reason))
    }
}

/// A layer's answer when all layers are asked.
public struct LayerAnswer: Sendable, Equatable {
    public enum Layer: String, Sendable { case filter, fileSystem, volume, storage }

    public var layer: Layer
    public var driver: String
    /// A filter's altitude; nil for other layers.
    public var altitude: Altitude?
    /// nil if the layer lets BypassIO through.
    public var veto: BypassVeto?

    public init(layer: Layer, driver: String, altitude: Altitude? = nil, veto: BypassVeto?) {
        self.layer = layer
        self.driver = driver
        self.altitude = altitude
        self.veto = veto
    }
}
