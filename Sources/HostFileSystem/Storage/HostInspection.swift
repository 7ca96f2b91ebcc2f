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
