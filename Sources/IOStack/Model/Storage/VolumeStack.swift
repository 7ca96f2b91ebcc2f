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

    /// Sends the control down. The first driver that refuses ends it (spec 4.5). The drivers that
    /// passed it on learn the outcome, bottom up. A DISABLE reaches every driver, because the
    /// drivers above a veto have seen the ENABLE.
    func manageBypassIO(_ operation: StorageBypassIOOperation) -> BypassVeto? {
        let input = StorageBypassIOInput(operation: operation)
        var outcomes: [StorageControlOutcome] = []
        for driver in drivers where outcomes.allSatisfy({ isPassedOn(input, $0) }) {
            outcomes.append(outcome(of: driver, to: input))
        }
        var outcome = StorageControlOutcome.agreed
        if outcomes.allSatisfy({ isPassedOn(input, $0) }) { outcome = storageOutcome(to: input) }
        for (driver, own) in zip(drivers, outcomes).reversed() {
            guard own == .agreed else {
                outcome = own
                continue
            }
            driver.didManageBypassIO(input, outcome)
        }
        return outcome.veto
    }

    private func isPassedOn(
        _ input: StorageBypassIOInput, _ outcome: StorageControlOutcome
    ) -> Bool {
        outcome == .agreed || input.operation == .disable
    }

    /// The answer of every driver, top to bottom. Windows shows only the first veto; a tool that
    /// explains needs them all.
    func answers(to operation: StorageBypassIOOperation) -> [LayerAnswer] {
        let input = StorageBypassIOInput(operation: operation)
        return drivers.map { driver in
            let outcome = outcome(of: driver, to: input)
            // This driver's request asks no driver below.
            if outcome == .agreed { driver.didManageBypassIO(input, .agreed) }
            return LayerAnswer(layer: .volume, driver: driver.name, veto: outcome.veto)
        } + [
            LayerAnswer(
                layer: .storage, driver: storage.name, veto: storageOutcome(to: input).veto)
        ]
    }

    private func outcome(
        of driver: any VolumeDriver, to input: StorageBypassIOInput
    ) -> StorageControlOutcome {
        guard driver.supportsBypassIO else {
            return .vetoed(BypassVeto(driver: driver.name, .notOptedIn))
        }
        do throws(IOFailure) {
            guard let veto = try driver.manageBypassIO(input) else { return .agreed }
            return .vetoed(BypassVeto(driver: driver.name, veto))
        } catch {
            return .failed(driver: driver.name, error)
        }
    }

    private func storageOutcome(to input: StorageBypassIOInput) -> StorageControlOutcome {
        guard storage.supportsBypassIO else {
            return .vetoed(BypassVeto(driver: storage.name, storage.standingVeto))
        }
        do throws(IOFailure) {
            guard let veto = try storage.manageBypassIO(input) else { return .agreed }
            return .vetoed(BypassVeto(driver: storage.name, veto))
        } catch {
            return .failed(driver: storage.name, error)
        }
    }
}
