internal import IOStack
public import LinuxKit
internal import SystemPackage

// From a mount to its block devices, or to the directories below it.
extension StorageDiscovery {
    /// The block devices of a mount, in the file system's own order.
    func blockDevices(of mount: MountEntry) -> [DeviceNumber] {
        guard mount.device.isAnonymous else { return [mount.device] }
        // bcachefs names all its devices with ":" between them.
        let sources = mount.source.split(separator: ":").map { FilePath(String($0)) }
        if mount.fileSystemType == "btrfs" {
            let members = sources.first.map { btrfsMembers(withNode: $0) } ?? []
            if !members.isEmpty { return members }
        }
        return sources.compactMap { device(ofNode: $0) }
    }

    /// All devices of the btrfs that was mounted from one of its device nodes.
    ///
    /// /sys/fs/btrfs/<uuid>/devices holds a link per device, named as the kernel names it.
    private func btrfsMembers(withNode node: FilePath) -> [DeviceNumber] {
        guard let name = kernelName(ofNode: node) else { return [] }
        let root = paths.sys.appending("fs/btrfs")
        for identifier in KernelTree.entries(of: root) {
            let devices = root.appending(identifier).appending("devices")
            let members = KernelTree.entries(of: devices)
            guard members.contains(name) else { continue }
            return members.compactMap { member in
                // The folder may hold the bare name if the link is not shown.
                deviceNumber(at: devices.appending(member))
                    ?? deviceNumber(at: paths.sys.appending("class/block").appending(member))
            }
        }
        return []
    }

    /// The kernel's name of a device node: /dev/mapper/home is a link to ../dm-3.
    private func kernelName(ofNode node: FilePath) -> String? {
        guard let inDev = placed(node) else { return nil }
        return (KernelTree.resolved(inDev) ?? inDev).lastComponent?.string
    }

    /// The number of a device node, by its name in sysfs, otherwise by the node itself.
    private func device(ofNode node: FilePath) -> DeviceNumber? {
        guard let name = kernelName(ofNode: node) else { return nil }
        if let known = deviceNumber(at: paths.sys.appending("class/block").appending(name)) {
            return known
        }
        guard let inDev = placed(node),
            let status = try? SystemCall.status(of: inDev, followingLinks: true),
            FileTraits.Kind(mode: status.mode) == .blockDevice
        else { return nil }
        return status.representedDevice
    }

    /// "/dev/x" moved to the directory of device nodes; nil for a path that is no device node.
    private func placed(_ node: FilePath) -> FilePath? {
        var node = node
        guard node.removePrefix("/dev") else { return nil }
        return paths.dev.pushing(node)
    }

    /// The `dev` attribute of a device's folder.
    func deviceNumber(at folder: FilePath) -> DeviceNumber? {
        KernelTree.text(folder.appending("dev")).flatMap { DeviceNumber($0) }
    }

    /// Follows the directories that an overlay or an eCryptfs is mounted over.
    func addUnderlying(of mount: MountEntry, nesting: Int, to found: inout StorageTopology) {
        let directories = stackedDirectories(of: mount)
        if directories.isEmpty {
            found.remarks.append("The mount options do not name the directories below.")
        }
        for directory in directories {
            guard directory.isAbsolute, let below = mountEntry(holding: directory) else {
                found.remarks.append("No mount was found that holds \(directory).")
                continue
            }
            found.underlying.append(topology(of: below, nesting: nesting + 1))
        }
    }

    /// The directories of a stacked file system, the writable one first.
    private func stackedDirectories(of mount: MountEntry) -> [FilePath] {
        guard mount.fileSystemType == "overlay" else { return [FilePath(mount.source)] }
        let upper = mount.superOptionValues("upperdir").map { FilePath(bytes: $0) }
        let lower = mount.superOptionValues("lowerdir").flatMap { Self.overlayPaths($0) }
        // Since Linux 6.8 layers may be listed one by one.
        let appended = mount.superOptionValues("lowerdir+").map { FilePath(bytes: $0) }
        return upper + lower + appended
    }

    /// Splits "lowerdir": ":" between layers, "::" before data-only layers, "\:" for a colon of a
    /// name.
    static func overlayPaths(_ value: [UInt8]) -> [FilePath] {
        var layers: [[UInt8]] = [[]]
        var isEscaped = false
        for byte in value {
            if !isEscaped, byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if !isEscaped, byte == UInt8(ascii: ":") {
                layers.append([])
            } else {
                layers[layers.count - 1].append(byte)
                isEscaped = false
            }
        }
        return layers.filter { !$0.isEmpty }.map { FilePath(bytes: $0) }
    }

    /// The mount that holds a path. On the running machine the kernel is asked, since the path may
    /// hold symbolic links. A fixture's paths exist in its mount table only.
    func mountEntry(holding path: FilePath) -> MountEntry? {
        if paths == .system,
            let status = try? SystemCall.status(of: path, followingLinks: true),
            let entry = mounts.entry(for: status)
        {
            return entry
        }
        return mounts.entry(containing: path)
    }
}

/// Where a file system keeps its files.
public enum FileSystemClass: String, Sendable, Hashable, CaseIterable {
    /// One block device, or several (ext4, XFS, btrfs, …).
    case blockDevice
    /// Memory (tmpfs, ramfs, hugetlbfs, …).
    case memory
    /// Another machine, or the host of a virtual machine (NFS, SMB, 9p, Ceph, virtiofs, …).
    case network
    /// A program (FUSE).
    case userspace
    /// Directories of other file systems (overlay, eCryptfs).
    case stacked
    /// Disks that it manages by itself and that sysfs does not connect to it (ZFS).
    case ownDisks
    /// Objects of the kernel, not stored anywhere (proc, sysfs, cgroup, …).
    case kernelObjects

    /// Sorts a file system by its type as /proc/self/mountinfo spells it and by its device.
    public init(type: String, device: DeviceNumber) {
        let name = type.prefix { $0 != "." }
        if Self.memoryTypes.contains(type) {
            self = .memory
        } else if Self.networkTypes.contains(type) {
            self = .network
        } else if name == "fuse" || name == "fuseblk" {
            self = .userspace
        } else if Self.stackedTypes.contains(type) {
            self = .stacked
        } else if type == "zfs" {
            self = .ownDisks
        } else if device.isAnonymous, !Self.anonymousBlockTypes.contains(type) {
            self = .kernelObjects
        } else {
            self = .blockDevice
        }
    }

    private static let memoryTypes: Set = ["tmpfs", "ramfs", "devtmpfs", "hugetlbfs", "rootfs"]
    private static let networkTypes: Set = [
        "nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "ceph", "afs", "coda", "lustre", "orangefs",
        "ncpfs", "virtiofs", "vboxsf", "vmhgfs", "prl_fs", "glusterfs", "beegfs", "gpfs",
    ]
    private static let stackedTypes: Set = ["overlay", "aufs", "unionfs", "ecryptfs", "shiftfs"]
    // File systems over several devices at once, or over flash without a block layer.
    private static let anonymousBlockTypes: Set = ["btrfs", "bcachefs", "ubifs", "jffs2"]
}
