public import BypassIOProtocol

/// A layer's answer to BypassIO: success, or why not.
public struct LayerVerdict: Sendable, Hashable {
    /// The layers in the order in which a request meets them (spec 4.1).
    public enum Layer: String, Sendable, Hashable, CaseIterable {
        case filter, fileSystem, volume, storage
    }

    public var layer: Layer
    /// The name for FailingDriverName: "ext4", "dm-crypt", "virtio_blk".
    public var driverName: String
    /// `.success`, or the status of the veto.
    public var status: NTStatus
    /// The text for FailureReason: an English sentence of at most 128 UTF-16 units; empty on
    /// success.
    public var reason: String
    /// Further facts for a person to read, a sentence or "name: value" each.
    public var details: [String]

    public init(
        layer: Layer, driverName: String, status: NTStatus, reason: String = "",
        details: [String] = []
    ) {
        self.layer = layer
        self.driverName = driverName
        self.status = status
        self.reason = reason
        self.details = details
    }

    public var isVeto: Bool { status != .success }
}
