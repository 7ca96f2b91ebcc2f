internal import BypassIOProtocol
public import IOStack
internal import LinuxKit
internal import SystemPackage

/// The file system's part of BypassIO that only the host can decide.
extension HostFileSystem {
    /// The first reason why reads of the file cannot go straight to the storage, as it is now: the
    /// attributes of spec 6.1, and cases in which direct I/O is refused or silently served from the
    /// cache (Linux' file systems, by name and setting).
    ///
    /// Facts that the host cannot tell do not veto. Data in the inode does not veto either; it
    /// suspends the stream's bypass (spec 4.6, 6.9) until this is asked again.
    public func bypassVeto(for file: FileObject) -> StorageVeto? {
        do throws(IOFailure) {
            let open = try openFile(file)
            let (status, traits) = try open.withDescriptor { (descriptor) throws(Errno) in
                let status = try SystemCall.status(of: descriptor)
                return (status, try currentTraits(of: open, descriptor, status))
            }
            if let veto = veto(status, traits) { return veto }
            suspend(file, .resident, if: traits.inlineData == .yes)
            lookForMove(of: file, open)
            return nil
        } catch {
            return StorageVeto(
                error.status.isError ? error.status : .ioDeviceError,
                reason: "The file's attributes could not be read (errno \(error.errno.rawValue)).")
        }
    }

    /// The traits as they are now. Takes two system calls if nothing has happened to a file that
    /// had nothing special about it.
    private func currentTraits(
        of open: HostOpenFile, _ descriptor: FileDescriptor, _ status: FileStatus
    ) throws(Errno) -> FileTraits {
        guard let known = open.knownTraits.current, known.provesBypassable(for: status)
        else { return try readTraits(of: open, descriptor, status) }
        var traits = known.traits
        traits.swapFile = (try? swapTable())?.contains(status) ?? .unknown
        return traits
    }

    /// None: ``bypassVeto(for:)`` has checked them all.
    public func vetoingAttributes(of file: FileObject) throws(IOFailure) -> FileAttributes { [] }

    private func veto(_ status: FileStatus, _ traits: FileTraits) -> StorageVeto? {
        if let verdict = traits.vetoes(driverName: name).first {
            return StorageVeto(verdict.status, reason: verdict.reason)
        }
        if status.mountID != rootMountID, status.device.encoded != rootID.device {
            return StorageVeto(
                .notSupported,
                reason: "The file lies on another file system that is mounted in this volume.")
        }
        if let cause = cachedReadCause(traits) { return StorageVeto(.notSupported, reason: cause) }
        return nil
    }

    /// Why a direct read of the file is served from the page cache without an error; nil if it is
    /// not.
    private func cachedReadCause(_ traits: FileTraits) -> String? {
        if traits.verity == .yes {
            return "fs-verity checks the file: \(name) reads it through the cache."
        }
        if traits.journalsData == .yes {
            return "The file's data is journaled: \(name) reads it through the cache."
        }
        if journalsAllData {
            return "The volume is mounted with data=journal: \(name) reads through the cache."
        }
        if traits.fileSystemMagic == FileSystemMagic.tmpfs {
            return "\(name) keeps files in memory: there is no storage to read directly."
        }
        return nil
    }
}

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
        else { return UngatedReadDoor(mount, recovery) }
        let drained = DrainedFile(unwatched, inode: inode, partner: gates.partner)
        return KernelReadGate(mount, number: number, of: gates, drained: drained, asking: ask)
    }

    public var kernelReadGuard: KernelReadGuard? {
        guardian.map { KernelReadGuard(process: $0.process, files: $0.heldFiles) }
    }

    /// Made for the first door; nil if the kernel has no gates.
    private var kernelReadGates: KernelReadGates? {
        readGates.withLock { gates in
            if gates == nil { gates = try? KernelReadGates(in: root, guardian, recovery) }
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
