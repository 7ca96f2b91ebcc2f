public import BypassIOProtocol
public import IOStack

/// A layer of the host between the file system and the disks (dm-crypt, a snapshot, a loop device,
/// MD, …) that does not let BypassIO through.
///
/// It only vetoes: the kernel does the layer's work below every read, whichever route the read
/// takes through this stack.
public final class HostVolumeLayer: VolumeDriver {
    /// The layer as discovery found it.
    public let layer: VolumeLayer
    private let veto: StorageVeto

    /// nil for a layer that hands the blocks of one disk through.
    public init?(_ layer: VolumeLayer) {
        let verdict = layer.verdict
        guard verdict.isVeto else { return nil }
        self.layer = layer
        veto = StorageVeto(verdict.status, reason: verdict.reason)
    }

    /// The kernel driver's name, such as "dm-crypt".
    public var name: String { layer.driver }

    /// True, so that the veto carries the layer's own status and reason.
    public var supportsBypassIO: Bool { true }

    public func manageBypassIO(_ input: StorageBypassIOInput) -> StorageVeto? { veto }

    public func willTransfer(
        _ transfer: VolumeTransfer, buffer: any IOBuffer
    ) throws(IOFailure) {}

    public func didTransfer(
        _ transfer: VolumeTransfer, buffer: any IOBuffer, count: Int
    ) throws(IOFailure) {}
}
