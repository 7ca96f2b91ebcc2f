internal import BypassIOProtocol
public import IOStack
internal import LinuxKit
internal import SystemPackage

/// Reads that the host's kernel does by itself.
extension HostFileSystem {
    /// Refuses kernel reads while fanotify asks a program before reads through the mount by which
    /// the file was opened. The kernel's own reads would pass that program by.
    public func kernelReadVeto(for file: FileObject) -> StorageVeto? {
        let watcher = try? mountWatchers.watcher(besides: guardian?.process) {
            () throws(IOFailure) in
            try openFile(file).withDescriptor { (descriptor) throws(Errno) in
                try SystemCall.status(of: descriptor).mountID
            }
        }
        guard let process = watcher ?? nil else { return nil }
        return StorageVeto(
            .notSupportedWithMonitoring,
            reason: "Process \(process) is asked before reads by way of SOURCE's mount (fanotify), "
                + "not before the kernel's own.")
    }

    /// A door with a gate on ext4, xfs and btrfs (Linux 6.14 and later), without a gate elsewhere.
    /// Needs CAP_SYS_ADMIN. The file may be unlinked, and open for attributes only. Several doors
    /// of one file are independent.
    public func kernelReadDoor(
        for file: FileObject, leavingAccessTimes: Bool,
        asking ask: @escaping @Sendable (KernelRead) -> IOFailure?
    ) throws(StorageVeto) -> any KernelReadDoor {
        let mount: OwnedDescriptor
        let unwatched: OwnedDescriptor
        let inode: UInt64
        do throws(IOFailure) {
            let open = try openFile(file)
            guard open.kind == .regular else {
                throw IOFailure(.notSupported)
            }
            let numbers = try open.withDescriptor { (descriptor) throws(Errno) in
                let status = try SystemCall.status(of: descriptor)
                guard (try? swapTable())?.contains(status) != .yes else { throw .textFileBusy }
                let unwatched = try SystemCall.mountOfItsOwn(for: descriptor)
                let mount = try SystemCall.mountOfItsOwn(
                    for: descriptor, leavingAccessTimes: leavingAccessTimes)
                return (mount.release(), unwatched.release(), status.inode)
            }
            mount = OwnedDescriptor(owning: numbers.0)
            unwatched = OwnedDescriptor(owning: numbers.1)
            inode = numbers.2
        } catch {
            throw Self.doorVeto(error)
        }
        guard let gates = kernelReadGates,
            let number = try? KernelReadGate.prepare(mount.descriptor, for: gates)
        else { return UngatedReadDoor(mount) }
        let drained = DrainedFile(unwatched, inode: inode, partner: gates.partner)
        return KernelReadGate(mount, number: number, of: gates, drained: drained, asking: ask)
    }

    public var kernelReadGuard: KernelReadGuard? {
        guardian.map { KernelReadGuard(process: $0.process, files: $0.heldFiles) }
    }

    /// Made for the first door; nil if the kernel has no gates.
    private var kernelReadGates: KernelReadGates? {
        readGates.withLock { gates in
            if gates == nil { gates = try? KernelReadGates(in: root, guardian) }
            return gates
        }
    }

    private static func doorVeto(_ failure: IOFailure) -> StorageVeto {
        if failure.status == .notSupported, failure.hostErrno == 0 {
            return StorageVeto(
                .notSupported, reason: "The kernel reads regular files itself and nothing else.")
        }
        return switch failure.errno {
        case .textFileBusy:
            StorageVeto(.pagefileNotSupported, reason: "The file is in use as a swap area.")
        case .notPermitted:
            StorageVeto(
                .privilegeNotHeld,
                reason: "Letting the kernel read files itself takes CAP_SYS_ADMIN.")
        default:
            StorageVeto(
                failure.status,
                reason: "The file cannot be mounted by itself (errno \(failure.errno.rawValue)).")
        }
    }
}
