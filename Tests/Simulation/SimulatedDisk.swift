import BypassIOProtocol
import IOStack
import MemoryFileSystem
import SystemPackage

/// The storage of one life of the service: the disk in memory, whose calls may fail, bring less, or
/// take their time. Once the service is dead its calls change nothing.
final class SimulatedDisk: StorageDriver, @unchecked Sendable {
    private let disk: MemoryDisk
    private let gate: Gate

    init(_ disk: MemoryDisk, _ gate: Gate) { (self.disk, self.gate) = (disk, gate) }

    var name: String { disk.name }
    var storageType: String { disk.storageType }
    var supportsBypassIO: Bool { true }

    func manageBypassIO(_ input: StorageBypassIOInput) throws(IOFailure) -> StorageVeto? { nil }

    func makeBuffer(capacity: Int) throws(IOFailure) -> any IOBuffer {
        HeapBuffer(capacity: max(capacity, 0))
    }

    func read(_ extent: StorageExtent, into buffer: any IOBuffer) throws(IOFailure) -> Int {
        let operation = gate.world.current
        if let operation { gate.world.readBegan(operation) }
        defer { operation?.leaveDisk() }
        return try gate.call { fault throws(IOFailure) in
            var extent = extent
            if let fault, fault.kind == .short {
                extent.length = max(0, extent.length - fault.value)
            }
            return try disk.read(extent, into: buffer)
        }
    }

    func write(_ extent: StorageExtent, from buffer: any IOBuffer) throws(IOFailure) -> Int {
        try gate.call { fault throws(IOFailure) in
            var extent = extent
            if let fault, fault.kind == .partly || fault.kind == .short {
                extent.length /= 2
            }
            guard extent.length > 0 else { return 0 }
            return try disk.write(extent, from: buffer)
        }
    }

    func makeReadEngine(
        depth: Int, slotSize: Int
    ) throws(IOFailure) -> any StorageReadEngine {
        try disk.makeReadEngine(depth: depth, slotSize: slotSize)
    }
}

/// The volume driver of a life: it sees the transfers that walk through it, and vetoes when told.
final class WatchingDriver: VolumeDriver, @unchecked Sendable {
    private unowned let world: World
    private var hasHeardEnable = false
    /// It agreed to the last ENABLE, and heard no DISABLE since.
    private(set) var isEnabled = false
    var vetoes = false {
        didSet { if !vetoes { leniencies += 1 } }
    }
    /// How often it stopped vetoing.
    private(set) var leniencies = 0

    init(_ world: World) { self.world = world }

    let name = "watchdrv"
    var supportsBypassIO: Bool { true }

    static let veto = StorageVeto(.notSupportedWithEncryption, reason: "Encrypted.")

    func manageBypassIO(_ input: StorageBypassIOInput) throws(IOFailure) -> StorageVeto? {
        switch input.operation {
        case .enable:
            hasHeardEnable = true
            isEnabled = !vetoes
        case .disable:
            world.demand(hasHeardEnable, "a driver hears DISABLE before ENABLE")
            (hasHeardEnable, isEnabled) = (false, false)
        default: break
        }
        return vetoes ? Self.veto : nil
    }

    func willTransfer(_ transfer: VolumeTransfer, buffer: any IOBuffer) throws(IOFailure) {
        world.current?.isSeenByDrivers = true
    }

    func didTransfer(
        _ transfer: VolumeTransfer, buffer: any IOBuffer, count: Int
    ) throws(IOFailure) {}
}
