internal import BypassIOProtocol
internal import Glibc
internal import IOStack
internal import LinuxKit
internal import SystemPackage

/// The gates of one volume, and the thread that deals with the kernel's events about them. The
/// thread ends when this object goes away. Every gate keeps the object.
///
/// Any thread.
final class KernelReadGates: Sendable {
    let group: GateGroup
    /// nil if the volume has no room for it, or no use.
    let partner: DrainPartner?
    private let ending: EventCounter
    /// Reads of another process, until this one begins; nil otherwise.
    private let adopted = Guarded<[HandedGates.WaitingRead]?>(nil)

    /// - Parameter root: a directory of the volume.
    /// - Throws: as ``GateGroup/init()``, and `EAGAIN` without a thread.
    convenience init(
        in root: FileDescriptor, _ link: GuardianLink? = nil, _ recovery: RecoveryTable? = nil
    ) throws(Errno) {
        try self.init(GateGroup(link, recovery), in: root)
        try begin()
    }

    /// Of another process, which rest until ``goOn(isAlone:)``.
    convenience init(
        adopting handed: HandedGates, in root: FileDescriptor, _ link: GuardianLink?,
        _ recovery: RecoveryTable? = nil
    ) throws(Errno) {
        for one in handed.waiting {
            try SystemCall.closeOnExec(FileDescriptor(rawValue: one.event))
        }
        try self.init(
            GateGroup(adopting: FileDescriptor(rawValue: handed.group), link, recovery), in: root)
        adopted.withLock { $0 = handed.waiting }
    }

    private init(_ group: GateGroup, in root: FileDescriptor) throws(Errno) {
        self.group = group
        partner = try? DrainPartner(in: root)
        ending = try EventCounter()
    }

    /// Goes on after ``GateGroup/halt()``, or begins with what another process left.
    func goOn(isAlone: Bool) throws(Errno) {
        let waiting = adopted.withLock { adopted -> [HandedGates.WaitingRead]? in
            defer { adopted = nil }
            return adopted
        }
        group.goOn(isAlone: isAlone, with: waiting ?? [])
        if waiting != nil { try begin() }
    }

    private func begin() throws(Errno) {
        let (group, ending) = (group, ending)
        // The thread keeps the counter, since this object may be gone before the thread sees it.
        let thread = try OwnThread.start(
            named: "bypassio-gate", stackSize: 512 << 10, isInterruptible: false
        ) {
            while let ready = try? SystemCall.wait(
                group.descriptor, or: ending.descriptor, milliseconds: -1),
                !ready.second
            {
                group.dealWithEvents()
                // The events stay there until a read is answered, so the thread looks again a
                // little later.
                if group.isFull || group.desk.isShut { usleep(1000) }
            }
        }
        thread.detach()
    }

    deinit { ending.raise() }
}

/// The way for the kernel's reads if the host has no gate for it: file systems without pre-content
/// events (all but ext4, xfs and btrfs on Linux 6.18), kernels before 6.14.
final class UngatedReadDoor: KernelReadDoor {
    private let mount: OwnedDescriptor
    private let recovery: RecoveryTable?

    var storage: StorageHandle { StorageHandle(rawValue: mount.descriptor.rawValue) }
    var isRevocable: Bool { false }
    var handed: HandedDoor? { HandedDoor(storage: mount.descriptor.rawValue) }

    /// - Parameter recovery: where it is written down for a successor.
    init(_ mount: consuming OwnedDescriptor, _ recovery: RecoveryTable? = nil) {
        recovery?.set(RecoveryTable.Door(), at: mount.descriptor.rawValue)
        self.mount = mount
        self.recovery = recovery
    }

    deinit { recovery?.removeDoor(at: mount.descriptor.rawValue) }

    func close() throws(IOFailure) { throw IOFailure(.notSupported) }
    func drain(with others: [any KernelReadDoor]) {}
    func open() {}
    func expectOpen(by thread: UInt32) -> ExpectedOpen { ExpectedOpen(thread: thread, number: 0) }
    func callOff(_ open: ExpectedOpen) {}
}
