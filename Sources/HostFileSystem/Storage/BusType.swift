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
