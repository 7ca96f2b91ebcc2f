import BypassIOProtocol
import IOStack

/// A volume driver that tells of each transfer, and vetoes as long as a pause of an actor lasts.
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
