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

    /// - Parameter root: a directory of the volume.
    /// - Throws: as ``GateGroup/init()``, and `EAGAIN` without a thread.
    init(in root: FileDescriptor, _ link: GuardianLink? = nil) throws(Errno) {
        let group = try GateGroup(link)
        self.group = group
        partner = try? DrainPartner(in: root)
        let ending = try EventCounter()
        self.ending = ending
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
                if group.isFull { usleep(1000) }
            }
        }
        thread.detach()
    }

    deinit { ending.raise() }
}
