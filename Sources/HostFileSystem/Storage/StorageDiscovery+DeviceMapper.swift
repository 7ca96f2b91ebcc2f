internal import LinuxKit
internal import SystemPackage

// sysfs shows a device-mapper device's uuid and name but not its target. The uuid's prefix names
// the program that made the device (CRYPT-, LVM-, mpath-, …). For LVM the uuids of the parts show
// the kind of volume. A kind that neither shows is reported as unknown, never guessed.
extension StorageDiscovery {
    struct DeviceMapperTarget {
        var driver: String
        var role: VolumeLayer.Role

        init(_ driver: String, _ role: VolumeLayer.Role) {
            self.driver = driver
            self.role = role
        }
    }

    func deviceMapperTarget(of block: Block) -> DeviceMapperTarget {
        let uuid = KernelTree.text(block.folder.appending("dm/uuid")) ?? ""
        if uuid.hasPrefix("CRYPT-") { return Self.cryptSetupTarget(uuid) }
        if uuid.hasPrefix("LVM-") { return lvmTarget(of: block, uuid: uuid) }
        if uuid.hasPrefix("mpath-") { return DeviceMapperTarget("dm-multipath", .passesThrough) }
        // kpartx: a partition table inside a mapped device.
        if uuid.hasPrefix("part"), uuid.contains("-mpath-") || uuid.contains("-devnode_") {
            return DeviceMapperTarget("dm-linear", .passesThrough)
        }
        if uuid.hasPrefix("VDO-") { return DeviceMapperTarget("dm-vdo", .deduplicates) }
        if uuid.hasPrefix("DMRAID-") { return DeviceMapperTarget("dm-raid", .spansDevices) }
        if uuid.hasPrefix("stratis-") { return DeviceMapperTarget("stratis", .thinProvisions) }
        return DeviceMapperTarget("device-mapper", .unknown)
    }

    /// cryptsetup: "CRYPT-<type>-…", where only two types do not encrypt.
    private static func cryptSetupTarget(_ uuid: String) -> DeviceMapperTarget {
        if uuid.hasPrefix("CRYPT-VERITY-") { return DeviceMapperTarget("dm-verity", .verifies) }
        if uuid.hasPrefix("CRYPT-INTEGRITY-") {
            return DeviceMapperTarget("dm-integrity", .verifies)
        }
        return DeviceMapperTarget("dm-crypt", .encrypts)
    }

    /// LVM: "LVM-" and 64 characters for a volume, then "-<suffix>" for its hidden parts.
    private func lvmTarget(of block: Block, uuid: String) -> DeviceMapperTarget {
        switch Self.lvmSuffix(uuid) {
        case "cow": return DeviceMapperTarget("dm-snapshot", .snapshots)
        case "tpool", "pool": return DeviceMapperTarget("dm-thin-pool", .thinProvisions)
        case "vpool": return DeviceMapperTarget("dm-vdo", .deduplicates)
        default: break
        }
        let slaves = block.folder.appending("slaves")
        let parts = KernelTree.entries(of: slaves).map { slaves.appending($0) }
        let uuids = parts.compactMap { KernelTree.text($0.appending("dm/uuid")) }
        let suffixes = Set(uuids.map { Self.lvmSuffix($0) })
        let names = parts.compactMap { KernelTree.text($0.appending("dm/name")) }
        if suffixes.contains("cow") { return DeviceMapperTarget("dm-snapshot", .snapshots) }
        if suffixes.contains("real") {
            return DeviceMapperTarget("dm-snapshot-origin", .snapshots)
        }
        if suffixes.contains("tpool") || suffixes.contains("pool") {
            return DeviceMapperTarget("dm-thin", .thinProvisions)
        }
        if suffixes.contains("vpool") { return DeviceMapperTarget("dm-vdo", .deduplicates) }
        if !suffixes.isDisjoint(with: ["cdata", "cmeta", "corig", "cpool", "cvol"]) {
            return DeviceMapperTarget("dm-cache", .caches)
        }
        // Only their names show the hidden images of a RAID volume: "vg-lv_rimage_0".
        if names.contains(where: { $0.contains("_rimage_") }) {
            return DeviceMapperTarget("dm-raid", .spansDevices)
        }
        if names.contains(where: { $0.contains("_mimage_") }) {
            return DeviceMapperTarget("dm-mirror", .mirrors)
        }
        // The rest is linear or striped; a single part cannot be striped.
        return parts.count == 1
            ? DeviceMapperTarget("dm-linear", .passesThrough)
            : DeviceMapperTarget("device-mapper", .spansDevices)
    }

    /// The text behind the volume group's and the volume's 32 characters each; "" for a plain
    /// volume.
    static func lvmSuffix(_ uuid: String) -> String {
        let tail = uuid.dropFirst("LVM-".count + 64)
        return uuid.hasPrefix("LVM-") && tail.hasPrefix("-") ? String(tail.dropFirst()) : ""
    }
}
