internal import BypassIOProtocol
public import IOStack
internal import LinuxKit
internal import SystemPackage

/// Opens that pass from one process to the next.
extension HostFileSystem {
    /// An open of another process, which this process inherited.
    func goOn(
        with handed: HandedOpen, _ parameters: CreateParameters
    ) throws(IOFailure) -> OpenedFile {
        do throws(Errno) {
            let descriptor = FileDescriptor(rawValue: handed.descriptor)
            try SystemCall.closeOnExec(descriptor)
            let status = try SystemCall.status(of: descriptor)
            let file = HostOpenFile(
                handed, id: FileID(status), kind: FileTraits.Kind(mode: status.mode),
                sharing: handed.isShared ? descriptions : nil)
            return opened(file, status, parameters, wasCreated: false)
        } catch {
            throw IOFailure(errno: error)
        }
    }

    public func handedOpen(of file: FileObject) -> HandedOpen? {
        (file.context as? HostOpenFile)?.handed
    }
}

/// The kernel's reads, as they pass from one process to the next.
extension HostFileSystem {
    public func haltKernelReads() -> HandedGates? {
        readGates.withLock { $0 }?.group.halt()
    }

    public func goOnWithKernelReads(isAlone: Bool) throws(IOFailure) {
        do throws(Errno) {
            try readGates.withLock { $0 }?.goOn(isAlone: isAlone)
        } catch {
            throw IOFailure(errno: error)
        }
    }

    public func adoptKernelReads(_ gates: HandedGates) throws(IOFailure) {
        do throws(Errno) {
            let adopted = try KernelReadGates(adopting: gates, in: root, guardian, recovery)
            readGates.withLock { $0 = adopted }
        } catch {
            throw IOFailure(errno: error)
        }
    }

    public func kernelReadDoor(
        _ handed: HandedDoor, for file: FileObject,
        asking ask: @escaping @Sendable (KernelRead) -> IOFailure?
    ) throws(IOFailure) -> any KernelReadDoor {
        do throws(Errno) {
            for number in handed.descriptors {
                try SystemCall.closeOnExec(FileDescriptor(rawValue: number))
            }
        } catch {
            throw IOFailure(errno: error)
        }
        let mount = OwnedDescriptor(owning: FileDescriptor(rawValue: handed.storage))
        guard let gate = handed.gate else { return UngatedReadDoor(mount, recovery) }
        guard let gates = readGates.withLock({ $0 }) else { throw IOFailure(.notSupported) }
        let unwatched = OwnedDescriptor(owning: FileDescriptor(rawValue: gate.unwatched))
        let drained = DrainedFile(
            unwatched, inode: file.stream.id.inode, partner: gates.partner)
        return KernelReadGate(adopting: gate, mount, of: gates, drained: drained, asking: ask)
    }
}
