internal import LinuxKit

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
