import BypassIOProtocol
import IOStack

/// A volume driver that behaves as the scenario says and counts events. Usable from any thread.
final class StagedDriver: VolumeDriver {
    let name: String
    let supportsBypassIO: Bool
    let counts = SightCounts()
    let answers: StorageAnswers

    init(_ description: DriverDescription) {
        name = description.name
        supportsBypassIO = description.isOptedIn
        answers = StorageAnswers(description.vetoes)
    }

    func manageBypassIO(_ input: StorageBypassIOInput) -> StorageVeto? {
        counts.note(.control(input.operation.rawValue))
        return answers.veto(of: input.operation)
    }

    func willTransfer(_ transfer: VolumeTransfer, buffer: any IOBuffer) throws(IOFailure) {
        counts.note(transfer.direction == .read ? .reads : .writes)
    }

    func didTransfer(
        _ transfer: VolumeTransfer, buffer: any IOBuffer, count: Int
    ) throws(IOFailure) {}
}
