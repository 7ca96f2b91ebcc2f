internal import LinuxKit
internal import SystemPackage

// Finds a disk's drivers by the links in its device's folder, and its bus by the folders above.
extension StorageDiscovery {
    func disk(for block: Block) -> StorageDisk {
        let queue = block.folder.appending("queue")
        let own = KernelTree.resolved(block.folder.appending("device"))
        let drivers = own.map { driversUpwards(from: $0) } ?? []
        let prefix = String(block.name.prefix { !$0.isNumber })
        let driver = Self.driver(ofKernelName: prefix) ?? drivers.first ?? prefix
        let contexts = KernelTree.entries(of: block.folder.appending("mq")).count
        let sectors = KernelTree.text(block.folder.appending("size")).flatMap { UInt64($0) }
        return StorageDisk(
            name: block.name, device: block.device, driver: driver,
            hostDriver: drivers.first { $0 != driver && $0 != "nvme" },
            bus: bus(of: block, device: own, driver: driver),
            isRotational: KernelTree.flag(queue.appending("rotational")),
            hardwareQueues: contexts == 0 ? nil : contexts,
            queueDepth: KernelTree.number(queue.appending("nr_requests")),
            logicalBlockSize: KernelTree.number(queue.appending("logical_block_size")),
            physicalBlockSize: KernelTree.number(queue.appending("physical_block_size")),
            dmaAlignment: KernelTree.number(queue.appending("dma_alignment")).map { $0 + 1 },
            supportsPolling: KernelTree.flag(queue.appending("io_poll")),
            scheduler: KernelTree.text(queue.appending("scheduler")).map { Self.chosen($0) },
            writeCache: KernelTree.text(queue.appending("write_cache")),
            size: sectors.map { $0 &* 512 },
            model: own.flatMap { KernelTree.text($0.appending("model")) },
            isRemovable: KernelTree.flag(block.folder.appending("removable")),
            isReadOnly: KernelTree.flag(block.folder.appending("ro")))
    }

    /// The drivers of a device and of the devices above it, nearest first.
    private func driversUpwards(from device: FilePath) -> [String] {
        var drivers: [String] = []
        var folder = device
        let top = (KernelTree.resolved(paths.sys) ?? paths.sys).components.count
        while folder.components.count > top + 1 {
            if let name = KernelTree.linkName(folder.appending("driver")) { drivers.append(name) }
            folder.removeLastComponent()
        }
        // Bridges and hubs only pass requests on.
        return drivers.filter { $0 != "pcieport" && $0 != "usb" && $0 != "hub" }
    }

    /// Drivers known by the names of their disks: those without a device in sysfs, and those
    /// whose device belongs to another driver.
    private static func driver(ofKernelName prefix: String) -> String? {
        switch prefix {
        case "nvme": "nvme"
        case "zram": "zram"
        case "ram": "brd"
        case "nbd": "nbd"
        case "rbd": "rbd"
        case "nullb": "null_blk"
        case "ublkb": "ublk_drv"
        case "mmcblk": "mmcblk"
        case "pmem": "nd_pmem"
        case "zd": "zvol"
        default: nil
        }
    }

    private func bus(of block: Block, device: FilePath?, driver: String) -> BusType {
        switch driver {
        case "nvme": return .nvme
        case "zram", "brd": return .memory
        case "nbd", "rbd": return .network
        case "null_blk", "ublk_drv", "zvol": return .virtual
        case "mmcblk": return .mmc
        case "nd_pmem": return .nvdimm
        case "virtio_blk": return .virtio
        case "vbd": return .xen
        default: break
        }
        let folders = (device ?? block.folder).components.map(\.string)
        func holds(_ prefix: String) -> Bool {
            folders.contains {
                $0.hasPrefix(prefix) && $0.dropFirst(prefix.count).first?.isNumber == true
            }
        }
        if holds("usb") { return .usb }
        if holds("ata") { return .sata }
        if holds("end_device-") { return .sas }
        if holds("rport-") { return .fibreChannel }
        if holds("session") { return .iscsi }
        if folders.contains(where: { $0.hasPrefix("pseudo_") }) { return .virtual }
        if driver == "sd" || driver == "sr" || holds("host") { return .scsi }
        if block.name.hasPrefix("hd") { return .ata }
        return .unknown
    }

    /// "none [mq-deadline] kyber": the scheduler in brackets is in use.
    private static func chosen(_ schedulers: String) -> String {
        guard let start = schedulers.firstIndex(of: "["), let end = schedulers.firstIndex(of: "]"),
            start < end
        else { return schedulers }
        return String(schedulers[schedulers.index(after: start)..<end])
    }
}
