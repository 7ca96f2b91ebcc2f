internal import Glibc
internal import IOStack
internal import SystemPackage

/// The gates of one volume and the thread that deals with what the kernel tells of them, which ends
/// when this goes away. Every gate keeps it.
///
/// Any thread.
final class KernelReadGates: Sendable {
    let group: GateGroup
    /// nil where the volume has no room for it, or no use.
    let partner: DrainPartner?
    private let ending: OwnedDescriptor

    /// - Parameter root: a directory of the volume.
    /// - Throws: as ``GateGroup/init()``, and `EAGAIN` without a thread.
    init(in root: FileDescriptor) throws(Errno) {
        let group = try GateGroup()
        self.group = group
        partner = try? DrainPartner(in: root)
        ending = try SystemCall.openEventCounter()
        // The thread's own, since this may be gone before the thread has seen it.
        let end = SharedDescriptor(try SystemCall.duplicate(ending.descriptor))
        try SystemCall.startThread(named: "bypassio-gate") {
            while let ready = try? SystemCall.wait(
                group.descriptor, or: end.descriptor, milliseconds: -1),
                !ready.second
            {
                group.dealWithEvents()
                // What is there stays there till a read is answered: look again a little later.
                if group.isFull { usleep(1000) }
            }
        }
    }

    deinit { SystemCall.raise(ending.descriptor) }

    /// An open descriptor for closures, which cannot own what cannot be copied.
    private final class SharedDescriptor: Sendable {
        private let owned: OwnedDescriptor
        var descriptor: FileDescriptor { owned.descriptor }

        init(_ owned: consuming OwnedDescriptor) { self.owned = owned }
    }
}
