import BypassIOProtocol
import IOStack

/// A volume driver that reports each transfer, and vetoes while a pause of its actor lasts.
final class WatchingDriver: VolumeDriver {
    let name = "watching"
    let supportsBypassIO = true
    private let vetoes: [Flag]
    private let saw: @Sendable (StorageExtent) -> Void

    init(vetoes: [Flag], saw: @escaping @Sendable (StorageExtent) -> Void) {
        self.vetoes = vetoes
        self.saw = saw
    }

    func manageBypassIO(_ input: StorageBypassIOInput) -> StorageVeto? {
        vetoes.contains(where: \.isSet)
            ? StorageVeto(.notSupportedWithBypassIO, reason: "Paused.") : nil
    }

    func willTransfer(_ transfer: VolumeTransfer, buffer: any IOBuffer) { saw(transfer.extent) }

    func didTransfer(_ transfer: VolumeTransfer, buffer: any IOBuffer, count: Int) {}
}
