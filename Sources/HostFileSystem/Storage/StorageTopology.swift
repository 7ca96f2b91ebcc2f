public import LinuxKit

/// The layers below the files of one mount, from the file system down to the disks.
public struct StorageTopology: Sendable, Hashable {
    /// Type with subtype as in /proc/self/mountinfo, such as "ext4" or "fuse.sshfs"; the driver
    /// name of the file system's own verdicts.
    public var fileSystem: String
    public var fileSystemClass: FileSystemClass
    /// nil if only a block device was asked for, or no mount is known.
    public var mount: MountEntry?
    /// Top to bottom; layers side by side have the same depth.
    public var volumes: [VolumeLayer] = []
    /// Every disk once, in the order in which the layers name them.
    public var disks: [StorageDisk] = []
    /// For a stacked file system: the topologies below its directories, the upper directory first.
    public var underlying: [StorageTopology] = []
    /// Sentences on facts that could not be found out.
    public var remarks: [String] = []

    init(fileSystem: String, fileSystemClass: FileSystemClass, mount: MountEntry?) {
        self.fileSystem = fileSystem
        self.fileSystemClass = fileSystemClass
        self.mount = mount
    }

    /// The largest logical block size of the disks, in bytes; nil if none is known.
    public var logicalBlockSize: Int? { disks.compactMap(\.logicalBlockSize).max() }
}
