internal import LinuxKit
internal import SystemPackage

// From a block device down to the disks.
extension StorageDiscovery {
    /// A block device in sysfs.
    struct Block {
        var device: DeviceNumber
        /// Its folder, with every link followed.
        var folder: FilePath
        var name: String { folder.lastComponent?.string ?? device.description }
    }

    func block(_ device: DeviceNumber) -> Block? {
        let link = paths.sys.appending("dev/block").appending(device.description)
        return KernelTree.resolved(link).map { Block(device: device, folder: $0) }
    }

    /// Adds the layers and disks below these devices, level by level, each device once.
    func walk(from devices: [DeviceNumber], nesting: Int, into found: inout StorageTopology) {
        let top = (found.volumes.map(\.depth).max() ?? -1) + 1
        var level = devices
        var seen: Set<DeviceNumber> = []
        var depth = top
        while !level.isEmpty {
            var below: [DeviceNumber] = []
            for device in level where seen.insert(device).inserted {
                guard let block = block(device) else {
                    found.remarks.append("Block device \(device) is not in sysfs.")
                    continue
                }
                guard var layer = layer(for: block, depth: depth) else {
                    found.disks.append(disk(for: block))
                    continue
                }
                if layer.role == .fileBacked {
                    addBacking(of: &layer, nesting: nesting, into: &found)
                } else {
                    below += parts(of: block)
                    found.volumes.append(layer)
                }
            }
            level = below
            depth += 1
        }
    }

    /// The devices that a partition, device-mapper or MD device is made of.
    func parts(of block: Block) -> [DeviceNumber] {
        if KernelTree.exists(block.folder.appending("partition")) {
            let whole = block.folder.removingLastComponent()
            return deviceNumber(at: whole).map { [$0] } ?? []
        }
        let slaves = block.folder.appending("slaves")
        return KernelTree.entries(of: slaves).compactMap { deviceNumber(at: slaves.appending($0)) }
    }

    /// A block device as a layer; nil for a disk.
    func layer(for block: Block, depth: Int) -> VolumeLayer? {
        let folder = block.folder
        func make(
            _ driver: String, _ role: VolumeLayer.Role, label: String? = nil
        ) -> VolumeLayer {
            VolumeLayer(
                driver: driver, name: block.name, device: block.device, role: role, depth: depth,
                label: label)
        }
        if KernelTree.exists(folder.appending("partition")) {
            return make("partition", .passesThrough)
        }
        if KernelTree.exists(folder.appending("dm")) {
            let target = deviceMapperTarget(of: block)
            return make(
                target.driver, target.role, label: KernelTree.text(folder.appending("dm/name")))
        }
        if KernelTree.exists(folder.appending("md")) {
            let level = KernelTree.text(folder.appending("md/level")) ?? ""
            return make(level.isEmpty ? "md" : "md-" + level, Self.role(ofMDLevel: level))
        }
        let prefix = block.name.prefix { !$0.isNumber }
        // A loop device without a file has no "loop" folder, and is no disk either.
        if prefix == "loop" {
            var layer = make("loop", .fileBacked)
            layer.backingFile = KernelTree.text(folder.appending("loop/backing_file"))
                .map { FilePath($0) }
            layer.usesDirectIO = KernelTree.flag(folder.appending("loop/dio"))
            return layer
        }
        if KernelTree.exists(folder.appending("bcache")) { return make("bcache", .caches) }
        if prefix == "drbd" { return make("drbd", .replicates) }
        guard !KernelTree.entries(of: folder.appending("slaves")).isEmpty else { return nil }
        return make(String(prefix), .unknown)
    }

    private static func role(ofMDLevel level: String) -> VolumeLayer.Role {
        switch level {
        case "raid1", "raid10": .mirrors
        case "raid0": .stripes
        case "raid4", "raid5", "raid6": .parity
        case "linear": .spansDevices
        default: .unknown
        }
    }

    /// Adds a loop device and all layers below its backing file.
    private func addBacking(
        of layer: inout VolumeLayer, nesting: Int, into found: inout StorageTopology
    ) {
        guard let file = layer.backingFile else {
            found.volumes.append(layer)
            found.remarks.append("No file is attached to \(layer.name).")
            return
        }
        guard let mount = mountEntry(holding: file) else {
            found.volumes.append(layer)
            found.remarks.append("No mount was found that holds the file behind \(layer.name).")
            return
        }
        let below = topology(of: mount, nesting: nesting + 1)
        layer.backingFileSystem = below.fileSystem
        found.volumes.append(layer)
        for var deeper in below.volumes {
            deeper.depth += layer.depth + 1
            found.volumes.append(deeper)
        }
        for disk in below.disks where !found.disks.contains(where: { $0.device == disk.device }) {
            found.disks.append(disk)
        }
        found.underlying += below.underlying
        found.remarks += below.remarks
    }
}
