import BypassIOProtocol
import IOStack

/// A volume driver that vetoes bypass and passes every transfer unchanged: bypass is partial above
/// it.
final class RefusingVolumeDriver: VolumeDriver {
    let name = "refusing"
    let supportsBypassIO = false

    func manageBypassIO(_ input: StorageBypassIOInput) -> StorageVeto? { nil }
    func willTransfer(_ transfer: VolumeTransfer, buffer: any IOBuffer) throws(IOFailure) {}
    func didTransfer(
        _ transfer: VolumeTransfer, buffer: any IOBuffer, count: Int
    ) throws(IOFailure) {}
}
