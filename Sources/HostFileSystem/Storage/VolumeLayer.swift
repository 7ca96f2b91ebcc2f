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

/// A disk at the bottom of a storage stack, as sysfs describes it. nil: sysfs does not say.
public struct StorageDisk: Sendable, Hashable {
    /// Kernel name, such as "nvme0n1".
    public var name: String
    public var device: DeviceNumber
    /// The driver that offers the blocks: "nvme", "virtio_blk", "sd", "mmcblk", "zram", "brd", ….
    /// Falls back to the kernel name without its digits.
    public var driver: String
    /// The driver of the adapter behind ``driver``, if there is one: "ahci", "uas", "virtio_scsi".
    public var hostDriver: String?
    public var bus: BusType
    public var isRotational: Bool?
    /// Hardware queues (blk-mq contexts).
    public var hardwareQueues: Int?
    /// Requests that a queue holds (`queue/nr_requests`).
    public var queueDepth: Int?
    /// Bytes.
    public var logicalBlockSize: Int?
    /// Bytes.
    public var physicalBlockSize: Int?
    /// The address of a buffer must be a multiple of this, in bytes (`queue/dma_alignment` + 1).
    public var dmaAlignment: Int?
    /// Completions can be polled for (`queue/io_poll`).
    public var supportsPolling: Bool?
    /// The scheduler in use, such as "none" or "mq-deadline".
    public var scheduler: String?
    /// "write back" or "write through".
    public var writeCache: String?
    /// Bytes.
    public var size: UInt64?
    public var model: String?
    public var isRemovable: Bool?
    public var isReadOnly: Bool?

    /// Whether reads leave this kernel for another machine or for a program (nbd, rbd, ublk).
    public var isServedElsewhere: Bool { bus == .network || driver == "ublk_drv" }
}

/// How a disk is attached. The raw value is the text after "Storage Type:" (spec 3.1).
public enum BusType: String, Sendable, Hashable, CaseIterable {
    case nvme = "NVMe"
    case sata = "SATA"
    /// Parallel ATA too old for libata's "ataN" folders.
    case ata = "ATA"
    case sas = "SAS"
    /// Any other disk that speaks SCSI, those of virtual machines (virtio_scsi, storvsc) included.
    case scsi = "SCSI"
    case iscsi = "iSCSI"
    case fibreChannel = "Fibre Channel"
    case virtio = "Virtio"
    case xen = "Xen"
    case usb = "USB"
    case mmc = "MMC"
    /// zram, brd.
    case memory = "RAM"
    /// Persistent memory (nd_pmem).
    case nvdimm = "NVDIMM"
    /// The blocks come from another machine (nbd, rbd).
    case network = "Network"
    /// No hardware behind it (null_blk, scsi_debug, ublk).
    case virtual = "Virtual"
    case unknown = "Unknown"
}
