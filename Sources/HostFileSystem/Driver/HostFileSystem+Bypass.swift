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
