public import BypassIOProtocol

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
        for index in outcomes.indices.reversed() {
            guard outcomes[index] == .agreed else {
                outcome = outcomes[index]
                continue
            }
            drivers[index].didManageBypassIO(input, outcome)
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

/// A driver between the file system and the storage, where volume encryption and snapshots sit.
///
/// It sees every read and write that does not bypass the volume stack, and every
/// IOCTL_STORAGE_MANAGE_BYPASS_IO on its way down. Called from any thread.
public protocol VolumeDriver: AnyObject, Sendable {
    /// The driver's real name, e.g. `volmeter`.
    var name: String { get }
    /// The driver opted in. If it did not, every ENABLE and QUERY is vetoed with
    /// `NTStatus.noBypassIODriverSupport`.
    var supportsBypassIO: Bool { get }

    /// IOCTL_STORAGE_MANAGE_BYPASS_IO. nil passes it on; any other result ends it with a veto. If
    /// it throws, the IOCTL itself fails, which refuses like a veto with that status. The answer to
    /// a DISABLE is ignored. Called under a lock of the volume: it must send no BypassIO control
    /// and close no file object from within.
    func manageBypassIO(_ input: StorageBypassIOInput) throws(IOFailure) -> StorageVeto?

    /// The completion of an IOCTL_STORAGE_MANAGE_BYPASS_IO that this driver passed on, with the
    /// outcome below. A driver that prepared to be skipped learns here if it will not be. Called
    /// bottom up, under the same lock and with the same rules as ``manageBypassIO(_:)``. The
    /// default does nothing.
    func didManageBypassIO(_ input: StorageBypassIOInput, _ outcome: StorageControlOutcome)

    /// Whether the kernel may read by itself while this driver has the storage bypass paused or
    /// refused. No volume driver sees the bytes of such a read. By default it may not: the
    /// program's read fails with EBUSY.
    func allowsUnseen(_ transfer: VolumeTransfer) -> Bool

    /// Called before bytes are moved. If it throws, the request ends and no layer below sees it. It
    /// must not pause the filter bypass of the same file, nor disable or close it: the transfer may
    /// be a read that such a drain waits for.
    func willTransfer(_ transfer: VolumeTransfer, buffer: any IOBuffer) throws(IOFailure)

    /// Called after `count` bytes were moved, bottom up; no driver is called if the transfer
    /// failed. A driver that changes data (encryption) changes reads here and writes in
    /// ``willTransfer(_:buffer:)``.
    func didTransfer(
        _ transfer: VolumeTransfer, buffer: any IOBuffer, count: Int
    ) throws(IOFailure)
}

extension VolumeDriver {
    public func allowsUnseen(_ transfer: VolumeTransfer) -> Bool { false }

    public func didManageBypassIO(
        _ input: StorageBypassIOInput, _ outcome: StorageControlOutcome
    ) {}
}

/// A read or write on its way through the volume stack.
public struct VolumeTransfer: Sendable, Equatable {
    public enum Direction: Sendable, Equatable { case read, write }

    public let direction: Direction
    public let extent: StorageExtent

    public init(_ direction: Direction, _ extent: StorageExtent) {
        self.direction = direction
        self.extent = extent
    }
}
