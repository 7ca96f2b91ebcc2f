public import BypassIOProtocol
public import LinuxKit
public import SystemPackage

/// The host's whole answer about one path: the file's traits, the layers below it, and the verdict
/// of every layer. Works for any file, directory, mount point and block device of the machine.
///
///     let inspection = try HostInspection.read(at: "/home/ann/level1.pak")
///     print(inspection.firstVeto?.reason ?? "supported")
public struct HostInspection: Sendable, Hashable {
    public var traits: FileTraits
    public var topology: StorageTopology

    /// Reads the host's answer.
    ///
    /// - Throws: the error of opening the path with O_PATH, or of reading the mount table.
    public static func read(
        at path: FilePath, paths: SystemPaths = .system, flushing: Bool = false
    ) throws(Errno) -> HostInspection {
        let place = try SystemCall.open(path, .pathOnly)
        return try read(of: place.descriptor, paths: paths, flushing: flushing)
    }

    /// As ``read(at:paths:flushing:)``, for an open file; an O_PATH descriptor will do.
    ///
    /// - Throws: the error of statx(2) or of reading the mount table.
    public static func read(
        of descriptor: FileDescriptor, paths: SystemPaths = .system, flushing: Bool = false
    ) throws(Errno) -> HostInspection {
        let topology = try StorageDiscovery(paths: paths).topology(of: descriptor)
        let traits = try FileTraits.read(
            of: descriptor, swaps: try? SwapTable(paths: paths),
            logicalBlockSize: topology.logicalBlockSize, flushing: flushing)
        return HostInspection(traits: traits, topology: topology)
    }

    /// The file system's verdict, then the volume layers', then the disks'.
    public var verdicts: [LayerVerdict] {
        [traits.verdict(driverName: topology.fileSystem)] + topology.verdicts
    }

    /// The veto to report: the topmost.
    public var firstVeto: LayerVerdict? { verdicts.first(where: \.isVeto) }
}

extension HostInspection {
    /// The facts behind the verdict, for people, a line each.
    public var facts: [String] {
        [place] + traits.details.map { "file: \($0)" }
            + topology.volumes.map { "volume: \($0.driver) \($0.name)" }
            + topology.disks.map(\.fact) + topology.remarks
    }

    private var place: String {
        let mounted = topology.mount.map { " mounted at \($0.mountPoint) from \($0.source)" } ?? ""
        return "file system: \(topology.fileSystem)\(mounted)"
    }
}

extension StorageDisk {
    fileprivate var fact: String {
        let parts: [String?] = [
            "disk: \(name), driver \(driver)", hostDriver.map { "behind \($0)" }, bus.rawValue,
            isRotational.map { $0 ? "rotating" : "not rotating" },
            hardwareQueues.map { "\($0) hardware queue\($0 == 1 ? "" : "s")" },
            queueDepth.map { "\($0) requests a queue" },
            logicalBlockSize.map { "blocks of \($0) bytes" },
            dmaAlignment.map { "memory aligned to \($0)" },
            supportsPolling.map { $0 ? "completions can be polled for" : "no polling" },
            scheduler.map { "scheduler \($0)" },
        ]
        return parts.compactMap(\.self).joined(separator: ", ")
    }
}

extension HostInspection {
    /// The same as ``facts``, and more, each as a field with its source.
    public var fields: [HostFact] { traits.fields + topology.fields(below: "") }

    public var hostFacts: HostFacts { HostFacts(lines: facts, fields: fields) }
}

extension FileTraits {
    fileprivate var fields: [HostFact] {
        let attributes = "statx(2) and FS_IOC_GETFLAGS"
        let extents = "FS_IOC_FIEMAP and lseek(2)"
        return [
            HostFact("file.kind", .text(kind.rawValue), from: "statx(2)"),
            HostFact("file.size", .number(size), from: "statx(2)"),
            HostFact("file.allocated", .number(allocated), from: "statx(2)"),
            HostFact("file.inode", .number(inode), from: "statx(2)"),
            HostFact("file.device", .text(device.description), from: "statx(2)"),
            fact("compressed", compressed, "\(attributes), \(extents)"),
            fact("encrypted", encrypted, attributes),
            fact("sparse", sparse, "statx(2), \(extents)"),
            fact("unwritten", unwritten, extents),
            fact("inlineData", inlineData, "\(attributes), \(extents)"),
            fact("verity", verity, attributes), fact("journalsData", journalsData, attributes),
            fact("immutable", immutable, attributes), fact("appendOnly", appendOnly, attributes),
            fact("swapFile", swapFile, "/proc/swaps"), fact("dax", dax, attributes),
            fact("directIO", directIO.support, directIO.asked),
        ] + (directIO.support == .yes ? directIO.fields : [])
            + [
                HostFact("fileSystem.magic", .number(fileSystemMagic), from: "statfs(2)"),
                HostFact("fileSystem.kind", .text(fileSystemName), from: "statfs(2)"),
            ]
    }

    private func fact(_ name: String, _ fact: Fact, _ source: String) -> HostFact {
        let value: HostFact.Value =
            switch fact {
            case .yes: .flag(true)
            case .no: .flag(false)
            case .unknown: .unknown
            }
        return HostFact("file.\(name)", value, from: source)
    }
}

extension DirectIOAlignment {
    fileprivate var asked: String {
        switch source {
        case .statx: "statx(2)"
        case .probe: "open(2) with O_DIRECT"
        case .notProbed, .notApplicable: "nobody"
        }
    }

    fileprivate var fields: [HostFact] {
        [
            ("memory", memory), ("offset", offset), ("readOffset", readOffset),
        ].map { name, bytes in
            HostFact(
                "file.directIO.\(name)Alignment", .number(UInt64(clamping: bytes)), from: asked)
        }
    }
}

extension StorageTopology {
    /// - Parameter place: of a topology below another one its number, with a point behind it.
    fileprivate func fields(below place: String) -> [HostFact] {
        var fields = [
            HostFact("\(place)fileSystem.type", .text(fileSystem), from: "/proc/self/mountinfo")
        ]
        if let mount {
            let told = [
                ("mountPoint", mount.mountPoint.string), ("source", mount.source),
                ("options", mount.options.joined(separator: ",")),
            ]
            fields += told.map {
                HostFact("\(place)mount.\($0.0)", .text($0.1), from: "/proc/self/mountinfo")
            }
        }
        fields += volumes.flatMap { $0.fields(below: place) }
        fields += disks.flatMap { $0.fields(below: place) }
        for (number, topology) in underlying.enumerated() {
            fields += topology.fields(below: "\(place)below.\(number).")
        }
        return fields
    }
}

extension VolumeLayer {
    fileprivate func fields(below place: String) -> [HostFact] {
        let source = device.map { "/sys/dev/block/\($0)" } ?? "/proc/self/mountinfo"
        var fields = [
            ("driver", HostFact.Value.text(driver)), ("role", .text(role.rawValue)),
            ("depth", .number(UInt64(clamping: depth))),
        ]
        if let label { fields.append(("label", .text(label))) }
        if let backingFile { fields.append(("backingFile", .text(backingFile.string))) }
        if let usesDirectIO { fields.append(("directIO", .flag(usesDirectIO))) }
        return fields.map { HostFact("\(place)volume.\(name).\($0.0)", $0.1, from: source) }
    }
}

extension StorageDisk {
    fileprivate func fields(below place: String) -> [HostFact] {
        func number(_ name: String, _ value: Int?, _ file: String) -> HostFact {
            fact(name, value.map { .number(UInt64(clamping: $0)) } ?? .unknown, file)
        }
        func flag(_ name: String, _ value: Bool?, _ file: String) -> HostFact {
            fact(name, value.map { .flag($0) } ?? .unknown, file)
        }
        func text(_ name: String, _ value: String?, _ file: String) -> HostFact {
            fact(name, value.map { .text($0) } ?? .unknown, file)
        }
        func fact(_ fact: String, _ value: HostFact.Value, _ file: String) -> HostFact {
            HostFact(
                "\(place)disk.\(name).\(fact)", value, from: "/sys/dev/block/\(device)/\(file)")
        }
        return [
            text("driver", driver, "device/driver"), text("hostDriver", hostDriver, "device"),
            text("bus", bus.rawValue, "device"),
            flag("rotational", isRotational, "queue/rotational"),
            number("hardwareQueues", hardwareQueues, "mq"),
            number("queueDepth", queueDepth, "queue/nr_requests"),
            number("logicalBlockSize", logicalBlockSize, "queue/logical_block_size"),
            number("physicalBlockSize", physicalBlockSize, "queue/physical_block_size"),
            number("dmaAlignment", dmaAlignment, "queue/dma_alignment"),
            flag("polling", supportsPolling, "queue/io_poll"),
            text("scheduler", scheduler, "queue/scheduler"),
            text("writeCache", writeCache, "queue/write_cache"),
            fact("size", size.map { .number($0) } ?? .unknown, "size"),
            text("model", model, "device/model"), flag("removable", isRemovable, "removable"),
            flag("readOnly", isReadOnly, "ro"),
        ]
    }
}
