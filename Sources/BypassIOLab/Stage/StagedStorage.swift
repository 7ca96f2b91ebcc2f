import BypassIOProtocol
import IOStack

/// The storage driver of a scenario. Another driver moves the bytes; this one has the scenario's
/// name and answers, and the script can hold its reads. Usable from any thread.
final class StagedStorage: StorageDriver {
    let name: String
    let storageType: String
    let supportsBypassIO: Bool
    let counts = SightCounts()
    let hold = Hold()
    let answers: StorageAnswers
    private let base: any StorageDriver

    init(_ description: StorageDescription, over base: any StorageDriver) {
        name = description.name
        storageType = description.type
        supportsBypassIO = description.isOptedIn
        answers = StorageAnswers(description.vetoes)
        self.base = base
    }

    func manageBypassIO(_ input: StorageBypassIOInput) -> StorageVeto? {
        counts.note(.control(input.operation.rawValue))
        return answers.veto(of: input.operation)
    }

    func makeBuffer(capacity: Int) throws(IOFailure) -> any IOBuffer {
        try base.makeBuffer(capacity: capacity)
    }

    func read(_ extent: StorageExtent, into buffer: any IOBuffer) throws(IOFailure) -> Int {
        counts.note(.reads)
        hold.pass()
        return try base.read(extent, into: buffer)
    }

    func write(_ extent: StorageExtent, from buffer: any IOBuffer) throws(IOFailure) -> Int {
        counts.note(.writes)
        return try base.write(extent, from: buffer)
    }

    /// Scenarios read one by one, so no engine is needed.
    func makeReadEngine(
        depth: Int, slotSize: Int
    ) throws(IOFailure) -> any StorageReadEngine {
        try base.makeReadEngine(depth: depth, slotSize: slotSize)
    }
}

/// The answers of a volume or storage driver to IOCTL_STORAGE_MANAGE_BYPASS_IO. Usable from any
/// thread; its lock is a leaf.
final class StorageAnswers: Sendable {
    private let rules: Guarded<[VetoRule]>

    init(_ rules: [VetoRule]) { self.rules = Guarded(rules) }

    func add(_ rule: VetoRule) { rules.withLock { $0.append(rule) } }
    func clear() { rules.withLock { $0 = [] } }

    /// The first three operations have the same numbers in both interfaces.
    func veto(of operation: StorageBypassIOOperation) -> StorageVeto? {
        let rule = rules.withLock { rules in
            rules.first { rule in
                rule.operations.contains(BypassIOOperation(rawValue: operation.rawValue))
            }
        }
        guard let rule, case .veto(let reason) = rule.manner else { return nil }
        return StorageVeto(rule.status, reason: reason)
    }
}

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
