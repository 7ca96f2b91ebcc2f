public import BypassIOProtocol
public import LinuxKit
internal import SystemPackage

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

// The answers of the volume and the storage stack. Windows opts drivers in by name. Linux has no
// such list, so it is decided here:
// - a layer that hands the blocks of one disk through opts in;
// - a layer that changes, checks, copies or rearranges blocks vetoes, with the nearest status of
//   the "not supported with" block (spec 2.1), otherwise NO_BYPASSIO_DRIVER_SUPPORT;
// - the driver of a local disk opts in, since every block device takes direct I/O;
// - storage that is no local disk does not: memory, another machine, a program, other directories.
extension StorageTopology {
    /// One verdict per volume layer, top to bottom.
    public var volumeVerdicts: [LayerVerdict] { volumes.map(\.verdict) }

    /// One verdict per disk, or a single verdict of a file system that uses none.
    public var storageVerdicts: [LayerVerdict] {
        switch fileSystemClass {
        case .blockDevice:
            return disks.isEmpty
                ? [storageVeto("The disk below this file system could not be determined.")]
                : disks.map(\.verdict)
        case .memory:
            return [storageVeto("This file system keeps its files in memory, not on a disk.")]
        case .network:
            return [storageVeto("This file system keeps its files on another machine.")]
        case .userspace:
            return [storageVeto("A program in user space serves the files of this file system.")]
        case .stacked:
            return [stackedVeto]
        case .ownDisks:
            return [storageVeto("This file system manages disks and volumes of its own.")]
        case .kernelObjects:
            return [storageVeto("The kernel makes up these files; they are not stored.")]
        }
    }

    /// Volume and storage verdicts, top to bottom.
    public var verdicts: [LayerVerdict] { volumeVerdicts + storageVerdicts }

    /// The topmost veto of volume and storage; nil if all of them opt in.
    public var firstVeto: LayerVerdict? { verdicts.first(where: \.isVeto) }

    /// COMPATIBLE_STORAGE_DRIVER: whether the storage driver opts in, whatever the volume layers
    /// answer (spec 4.3).
    public var hasCompatibleStorageDriver: Bool {
        !storageVerdicts.contains(where: \.isVeto)
    }

    /// `StorageDriverName` of GET_INFO: the first disk's driver, otherwise the file system's name.
    public var storageDriverName: String {
        fileSystemClass == .blockDevice ? disks.first?.driver ?? fileSystem : fileSystem
    }

    /// The text after "Storage Type:".
    public var storageType: String {
        switch fileSystemClass {
        case .memory: BusType.memory.rawValue
        case .network: BusType.network.rawValue
        case .userspace, .kernelObjects: BusType.virtual.rawValue
        case .stacked: underlying.first?.storageType ?? BusType.virtual.rawValue
        case .blockDevice, .ownDisks: disks.first?.bus.rawValue ?? BusType.unknown.rawValue
        }
    }

    private func storageVeto(_ reason: String) -> LayerVerdict {
        LayerVerdict(
            layer: .storage, driverName: fileSystem, status: .noBypassIODriverSupport,
            reason: reason, details: remarks)
    }

    private var stackedVeto: LayerVerdict {
        let below = underlying.map { "on \($0.fileSystem): \($0.storageDriverName)" }
        if fileSystem == "ecryptfs" {
            return LayerVerdict(
                layer: .storage, driverName: fileSystem, status: .notSupportedWithEncryption,
                reason: "This file system encrypts the files of another directory.",
                details: below + remarks)
        }
        return LayerVerdict(
            layer: .storage, driverName: fileSystem, status: .notSupportedWithVirtualization,
            reason: "The files come from layers of other file systems.", details: below + remarks)
    }
}

extension VolumeLayer {
    /// The layer's answer to BypassIO.
    public var verdict: LayerVerdict {
        let (status, reason) = answer
        return LayerVerdict(
            layer: .volume, driverName: driver, status: status, reason: reason, details: details)
    }

    private var answer: (NTStatus, String) {
        switch role {
        case .passesThrough: (.success, "")
        case .encrypts: (.notSupportedWithEncryption, "\(driver) encrypts this volume.")
        case .snapshots: (.notSupportedWithSnapshot, "A snapshot of this volume exists.")
        case .deduplicates:
            (.notSupportedWithDeduplication, "\(driver) deduplicates or compresses blocks.")
        case .replicates:
            (.notSupportedWithReplication, "\(driver) replicates this volume to another machine.")
        case .verifies: (.noBypassIODriverSupport, "\(driver) verifies every block it reads.")
        case .fileBacked:
            (.noBypassIODriverSupport, "The volume is kept in a file of another file system.")
        case .caches: (.noBypassIODriverSupport, "\(driver) caches blocks on a second device.")
        case .thinProvisions:
            (.noBypassIODriverSupport, "\(driver) maps blocks to disk space as they are needed.")
        case .mirrors: (.noBypassIODriverSupport, "\(driver) mirrors this volume on several disks.")
        case .stripes: (.noBypassIODriverSupport, "\(driver) stripes this volume over disks.")
        case .parity: (.noBypassIODriverSupport, "\(driver) protects this volume with parity.")
        case .spansDevices:
            (.noBypassIODriverSupport, "\(driver) spreads this volume over several devices.")
        case .unknown:
            (.noBypassIODriverSupport, "What \(driver) does to blocks could not be determined.")
        }
    }

    private var details: [String] {
        var details = ["device: \(name)"]
        if let label { details.append("name: \(label)") }
        if let backingFile { details.append("file: \(backingFile.string)") }
        if let backingFileSystem { details.append("file system of the file: \(backingFileSystem)") }
        if let usesDirectIO { details.append("direct I/O on the file: \(usesDirectIO)") }
        return details
    }
}

extension StorageDisk {
    /// The answer of the disk's driver to BypassIO.
    public var verdict: LayerVerdict {
        var details = ["device: \(name)", "bus: \(bus.rawValue)"]
        if let hostDriver { details.append("adapter driver: \(hostDriver)") }
        if let model { details.append("model: \(model)") }
        if let logicalBlockSize { details.append("logical block: \(logicalBlockSize) bytes") }
        guard isServedElsewhere else {
            return LayerVerdict(
                layer: .storage, driverName: driver, status: .success, details: details)
        }
        return LayerVerdict(
            layer: .storage, driverName: driver, status: .noBypassIODriverSupport,
            reason: "The blocks of \(name) come from another machine or a program.",
            details: details)
    }
}

/// A layer's answer to BypassIO: success, or why not.
public struct LayerVerdict: Sendable, Hashable {
    /// The layers in the order in which a request meets them (spec 4.1).
    public enum Layer: String, Sendable, Hashable, CaseIterable {
        case filter, fileSystem, volume, storage
    }

    public var layer: Layer
    /// The name for FailingDriverName: "ext4", "dm-crypt", "virtio_blk".
    public var driverName: String
    /// `.success`, or the status of the veto.
    public var status: NTStatus
    /// The text for FailureReason: an English sentence of at most 128 UTF-16 units; empty on
    /// success.
    public var reason: String
    /// Further facts for a person to read, a sentence or "name: value" each.
    public var details: [String]

    public init(
        layer: Layer, driverName: String, status: NTStatus, reason: String = "",
        details: [String] = []
    ) {
        self.layer = layer
        self.driverName = driverName
        self.status = status
        self.reason = reason
        self.details = details
    }

    public var isVeto: Bool { status != .success }
}
