import FUSE
import IOStack
import MemoryFileSystem
import SystemPackage

@testable import BypassIOMount

/// One process of the service: all that is lost when it is killed.
final class Life {
    let gate: Gate
    let manager = IOManager()
    let driver: WatchingDriver
    let volume: IOStack.Volume
    let fileSystem: VolumeFileSystem
    let connection: Connection
    /// The look-ups of each node that the kernel has not forgotten.
    var nodes: [UInt64: UInt64] = [:]
    var unique: UInt64 = 1

    var isDead: Bool { gate.isShut }

    /// Begins the service on what lies below.
    init(_ world: World) throws {
        let gate = Gate(world)
        self.gate = gate
        driver = WatchingDriver(world)
        volume = manager.mount(
            SimulatedFileSystem(world.below, gate), named: "simulated", volumeDrivers: [driver],
            storage: SimulatedDisk(world.below.disk, gate), suspensionPolicy: .strict)
        volume.drainLimit = .milliseconds(world.drainMilliseconds)
        fileSystem = try VolumeFileSystem(volume, VolumeMountOptions())
        connection = Connection(fileSystem, maximumTransfer: Kernel.capacity)
    }
}

/// The way of one life of the service to what lies below it. Once the service is dead, nothing that
/// it still does has an effect.
final class Gate: @unchecked Sendable {
    unowned let world: World
    var isShut = false

    init(_ world: World) { self.world = world }

    /// Carries a call of the service: the step's fault meets it, others may go on before and after
    /// it.
    func call<R>(
        mayFailAfter: Bool = true, _ body: (Fault?) throws(IOFailure) -> R
    ) throws(IOFailure) -> R {
        let scheduler = world.scheduler
        let operation = world.current
        let fault = operation?.nextFault()
        scheduler.pass()
        if let fault, fault.kind == .late {
            operation?.meet(fault)
            scheduler.sleep(milliseconds: fault.value)
        }
        guard !isShut else { throw IOFailure(errno: .ioError) }
        if let fault, fault.kind == .before || (fault.kind == .after && !mayFailAfter) {
            operation?.meet(fault)
            throw IOFailure(errno: Errno(rawValue: Int32(fault.value)))
        }
        let result = try scheduler.atomically { () throws(IOFailure) in try body(fault) }
        if let fault, fault.kind == .short { operation?.meet(fault) }
        if let fault, fault.kind == .after || fault.kind == .partly {
            operation?.meet(fault)
            throw IOFailure(errno: Errno(rawValue: Int32(fault.value)))
        }
        scheduler.pass()
        guard !isShut else { throw IOFailure(errno: .ioError) }
        return result
    }
}
