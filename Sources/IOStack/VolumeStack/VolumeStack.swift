import BypassIOProtocol

/// The volume drivers of one volume over its storage driver.
///
/// Fixed when the volume is made, so that a read walks it without a lock.
public final class VolumeStack: Sendable {
    /// Top to bottom.
    public let drivers: [any VolumeDriver]
    public let storage: any StorageDriver

    public init(drivers: [any VolumeDriver], storage: any StorageDriver) {
        self.drivers = drivers
        self.storage = storage
    }

    // MARK: Transfers that walk the stack

    func willTransfer(
        _ transfer: VolumeTransfer, buffer: any IOBuffer
    ) throws(IOFailure) {
        for driver in drivers {
            try driver.willTransfer(transfer, buffer: buffer)
        }
    }

    func didTransfer(
        _ transfer: VolumeTransfer, buffer: any IOBuffer, count: Int
    ) throws(IOFailure) {
        for driver in drivers.reversed() {
            try driver.didTransfer(transfer, buffer: buffer, count: count)
        }
    }

    func read(_ extent: StorageExtent, into buffer: any IOBuffer) throws(IOFailure) -> Int {
        let transfer = VolumeTransfer(.read, extent)
        try willTransfer(transfer, buffer: buffer)
        let count = try storage.read(extent, into: buffer)
        try didTransfer(transfer, buffer: buffer, count: count)
        return count
    }

    // MARK: IOCTL_STORAGE_MANAGE_BYPASS_IO

    /// Sends the control down; the first driver that refuses ends it (spec 4.5). A DISABLE reaches
    /// every driver, because the ones above a veto have seen the ENABLE.
    func manageBypassIO(_ operation: StorageBypassIOOperation) -> BypassVeto? {
        let input = StorageBypassIOInput(operation: operation)
        var first: BypassVeto?
        for driver in drivers where first == nil || operation == .disable {
            let veto = veto(of: driver, to: input)
            first = first ?? veto
        }
        guard first == nil || operation == .disable else { return first }
        let veto = storageVeto(to: input)
        return first ?? veto
    }

    /// What every driver answers, top to bottom. Windows shows only the first veto; a tool that
    /// explains wants them all.
    func answers(to operation: StorageBypassIOOperation) -> [LayerAnswer] {
        let input = StorageBypassIOInput(operation: operation)
        return drivers.map { driver in
            LayerAnswer(layer: .volume, driver: driver.name, veto: veto(of: driver, to: input))
        } + [LayerAnswer(layer: .storage, driver: storage.name, veto: storageVeto(to: input))]
    }

    private func veto(
        of driver: any VolumeDriver, to input: StorageBypassIOInput
    ) -> BypassVeto? {
        let answer = driver.supportsBypassIO ? driver.manageBypassIO(input) : .notOptedIn
        return answer.map { BypassVeto(driver: driver.name, $0) }
    }

    private func storageVeto(to input: StorageBypassIOInput) -> BypassVeto? {
        let answer =
            storage.supportsBypassIO ? storage.manageBypassIO(input) : storage.standingVeto
        return answer.map { BypassVeto(driver: storage.name, $0) }
    }
}
