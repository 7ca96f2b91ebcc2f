public import LinuxKit
public import SystemPackage

/// A block layer between a file system and the disks: a partition, a device-mapper or MD device, a
/// loop device, or a file system's own volume manager.
public struct VolumeLayer: Sendable, Hashable {
    /// The effect of a layer on the blocks that pass it.
    public enum Role: String, Sendable, Hashable, CaseIterable {
        /// Adds a constant to the block number (partition, dm-linear) or picks a cable
        /// (dm-multipath). The blocks are those of one disk.
        case passesThrough
        case encrypts
        /// Checks blocks against checksums kept beside them (dm-verity, dm-integrity).
        case verifies
        /// Holds a snapshot, or is the origin that a snapshot still depends on.
        case snapshots
        /// Keeps its blocks in a file of another file system (loop).
        case fileBacked
        case caches
        case thinProvisions
        case deduplicates
        case mirrors
        case stripes
        /// Rebuilds blocks from parity (RAID 4, 5, 6).
        case parity
        /// Spreads its blocks over several disks in a way that sysfs does not show.
        case spansDevices
        /// Sends every write to another machine too (DRBD).
        case replicates
        /// sysfs does not show its effect.
        case unknown
    }

    /// "partition", "dm-crypt", "dm-linear", "md-raid1", "loop", "btrfs", …
    public var driver: String
    /// Kernel name, such as "dm-0"; for a file system's volume manager the mounted source.
    public var name: String
    /// Name given by the administrator, such as "vg0-home" of /dev/mapper/vg0-home.
    public var label: String?
    /// nil for a file system's own volume manager.
    public var device: DeviceNumber?
    public var role: Role
    /// How many layers lie between the file system and this layer.
    public var depth: Int
    /// The file in which a loop device stores its blocks.
    public var backingFile: FilePath?
    /// The file system that holds ``backingFile``.
    public var backingFileSystem: String?
    /// Whether a loop device reads its file with direct I/O.
    public var usesDirectIO: Bool?

    init(
        driver: String, name: String, device: DeviceNumber?, role: Role, depth: Int,
        label: String? = nil
    ) {
        self.driver = driver
        self.name = name
        self.device = device
        self.role = role
        self.depth = depth
        self.label = label
    }
}
