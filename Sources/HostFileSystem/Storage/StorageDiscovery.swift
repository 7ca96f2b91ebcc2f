public import LinuxKit
public import SystemPackage

/// Finds the layers below a file, a mount or a block device.
///
///     let topology = try StorageDiscovery().topology(of: "/srv/games")
///     print(topology.fileSystem, topology.disks.map(\.driver))
///
/// Reads sysfs, procfs and device nodes below `SystemPaths` only; never a disk. A value is made for
/// one question or a few, because it keeps the mount table of its start.
public struct StorageDiscovery: Sendable {
    /// Loop devices over files on loop devices, overlays over overlays: the search gives up beyond
    /// this.
    static let deepestNesting = 16

    public let paths: SystemPaths
    public let mounts: MountTable

    /// Reads the mount table.
    ///
    /// - Throws: the error of reading `<proc>/self/mountinfo`.
    public init(paths: SystemPaths = .system) throws(Errno) {
        self.init(paths: paths, mounts: try MountTable(paths: paths))
    }

    public init(paths: SystemPaths, mounts: MountTable) {
        self.paths = paths
        self.mounts = mounts
    }

    /// The layers below the file, directory or mount point that the path leads to.
    ///
    /// For a block device node it is the device's, not that of the file system of /dev.
    /// - Throws: the error of opening the path with O_PATH.
    public func topology(of path: FilePath) throws(Errno) -> StorageTopology {
        let place = try SystemCall.open(path, .pathOnly)
        return try topology(of: place.descriptor)
    }

    /// The layers below an open file; an O_PATH descriptor will do.
    ///
    /// - Throws: the error of statx(2) or fstatfs(2).
    public func topology(of descriptor: FileDescriptor) throws(Errno) -> StorageTopology {
        let status = try SystemCall.status(of: descriptor)
        if FileTraits.Kind(mode: status.mode) == .blockDevice {
            return topology(of: status.representedDevice)
        }
        if let mount = mounts.entry(for: status) { return topology(of: mount) }
        // A mount of another namespace: the descriptor was handed over.
        let magic = try SystemCall.fileSystemStatus(of: descriptor).magic
        let name = FileSystemMagic.name(of: magic) ?? "0x" + String(magic, radix: 16)
        var found = StorageTopology(
            fileSystem: name,
            fileSystemClass: FileSystemClass(type: name, device: status.device), mount: nil)
        found.remarks.append("The file's mount is not in this process's mount table.")
        if !status.device.isAnonymous { walk(from: [status.device], nesting: 0, into: &found) }
        return found
    }

    /// The layers below a mount.
    public func topology(of mount: MountEntry) -> StorageTopology {
        topology(of: mount, nesting: 0)
    }

    /// The layers below a block device, the device itself included.
    public func topology(of device: DeviceNumber) -> StorageTopology {
        var found = StorageTopology(
            fileSystem: "bdev", fileSystemClass: .blockDevice, mount: nil)
        walk(from: [device], nesting: 0, into: &found)
        return found
    }

    func topology(of mount: MountEntry, nesting: Int) -> StorageTopology {
        let type = mount.fileSystemType
        var found = StorageTopology(
            fileSystem: type,
            fileSystemClass: FileSystemClass(type: type, device: mount.device), mount: mount)
        guard nesting < Self.deepestNesting else {
            found.remarks.append("The layers below are nested too deeply to follow.")
            return found
        }
        switch found.fileSystemClass {
        case .blockDevice, .userspace:
            // A FUSE file system has a device only as fuseblk, for ntfs-3g and its like.
            let devices = blockDevices(of: mount)
            if devices.count > 1 {
                found.volumes.append(
                    VolumeLayer(
                        driver: type, name: mount.source, device: nil, role: .spansDevices,
                        depth: 0))
            }
            walk(from: devices, nesting: nesting, into: &found)
            if devices.isEmpty, found.fileSystemClass == .blockDevice {
                found.remarks.append("The block device behind \(mount.source) was not found.")
            }
        case .stacked:
            addUnderlying(of: mount, nesting: nesting, to: &found)
        case .memory, .network, .ownDisks, .kernelObjects:
            break
        }
        return found
    }
}
