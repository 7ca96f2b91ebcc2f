public import LinuxKit

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
