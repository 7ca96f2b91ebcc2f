public import LinuxKit

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
