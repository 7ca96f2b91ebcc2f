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
