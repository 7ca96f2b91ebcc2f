public import BypassIOProtocol
public import DirectRead
public import IOStack
public import LinuxKit
public import SystemPackage

/// Makes volumes over directories of this machine.
public enum HostVolume {
    /// Finds the layers below a directory and mounts the directory as a volume.
    ///
    /// The volume stack is the caller's drivers over one ``HostVolumeLayer`` for each layer of the
    /// host that refuses BypassIO; the storage is the disk that discovery found.
    ///
    /// ```swift
    /// let manager = IOManager()
    /// let volume = try HostVolume.mount(directory: "/srv/games", on: manager)
    /// let file = try volume.open("level1.pak", options: .nonCached)
    /// ```
    ///
    /// - Parameters:
    ///   - directory: the volume's root.
    ///   - manager: mounts it.
    ///   - name: for people; the directory's path if nil.
    ///   - volumeDrivers: top to bottom, above the host's layers.
    ///   - policy: the mechanism of the volume's `ReadQueue`s.
    ///   - suspensionPolicy: which cached uses of a file suspend its bypass.
    ///   - offersBypass: false refuses every bypass, in the file system's name.
    ///   - observer: gets the volume's events.
    ///   - guardian: answers for the gates of the kernel's reads if this process dies; nil: the
    ///     kernel opens them.
    ///   - paths: where sysfs, procfs and the device nodes are.
    /// - Throws: ``HostVolumeError``.
    public static func mount(
        directory: FilePath, on manager: IOManager, named name: String? = nil,
        volumeDrivers: [any VolumeDriver] = [], policy: ReadEngines.Policy = .automatic,
        suspensionPolicy: SuspensionPolicy = .strict, offersBypass: Bool = true,
        observer: (any VolumeObserver)? = nil, guardian: GuardianLink? = nil,
        paths: SystemPaths = .system
    ) throws(HostVolumeError) -> Volume {
        try mount(
            directory: directory, on: manager, named: name, volumeDrivers: volumeDrivers,
            policy: policy, suspensionPolicy: suspensionPolicy, offersBypass: offersBypass,
            observer: observer, guardian: guardian, recovery: nil, paths: paths)
    }

    /// As the other.
    ///
    /// - Parameters:
    ///   - directory: the volume's root.
    ///   - manager: mounts it.
    ///   - name: for people; the directory's path if nil.
    ///   - volumeDrivers: top to bottom, above the host's layers.
    ///   - policy: the mechanism of the volume's `ReadQueue`s.
    ///   - suspensionPolicy: which cached uses of a file suspend its bypass.
    ///   - offersBypass: false refuses every bypass, in the file system's name.
    ///   - observer: gets the volume's events.
    ///   - guardian: answers for the gates of the kernel's reads if this process dies.
    ///   - recovery: where the kernel's reads are written down for a successor.
    ///   - paths: where sysfs, procfs and the device nodes are.
    package static func mount(
        directory: FilePath, on manager: IOManager, named name: String? = nil,
        volumeDrivers: [any VolumeDriver] = [], policy: ReadEngines.Policy = .automatic,
        suspensionPolicy: SuspensionPolicy = .strict, offersBypass: Bool = true,
        observer: (any VolumeObserver)? = nil, guardian: GuardianLink? = nil,
        recovery: RecoveryTable?, paths: SystemPaths = .system
    ) throws(HostVolumeError) -> Volume {
        let discovery: StorageDiscovery
        do throws(Errno) {
            discovery = try StorageDiscovery(paths: paths)
        } catch {
            throw HostVolumeError(mountTable: error, paths: paths, directory: directory)
        }
        let fileSystem: HostFileSystem
        do throws(Errno) {
            fileSystem = try HostFileSystem(
                root: directory, discovery: discovery, guardian: guardian, recovery: recovery)
        } catch {
            throw HostVolumeError(directory, error)
        }
        let layers = fileSystem.topology.volumes.compactMap { HostVolumeLayer($0) }
        return manager.mount(
            fileSystem, named: name ?? directory.string, volumeDrivers: volumeDrivers + layers,
            storage: HostDisk(fileSystem.topology, policy: policy),
            suspensionPolicy: suspensionPolicy, offersBypass: offersBypass, observer: observer)
    }
}

/// A layer of the host between the file system and the disks (dm-crypt, a snapshot, a loop device,
/// MD, …) that does not let BypassIO through.
///
/// It only vetoes: the kernel does the layer's work below every read, whichever route the read
/// takes through this stack.
public final class HostVolumeLayer: VolumeDriver {
    /// The layer as discovery found it.
    public let layer: VolumeLayer
    private let veto: StorageVeto

    /// nil for a layer that hands the blocks of one disk through.
    public init?(_ layer: VolumeLayer) {
        let verdict = layer.verdict
        guard verdict.isVeto else { return nil }
        self.layer = layer
        veto = StorageVeto(verdict.status, reason: verdict.reason)
    }

    /// The kernel driver's name, such as "dm-crypt".
    public var name: String { layer.driver }

    /// True, so that the veto carries the layer's own status and reason.
    public var supportsBypassIO: Bool { true }

    public func manageBypassIO(_ input: StorageBypassIOInput) -> StorageVeto? { veto }

    public func willTransfer(
        _ transfer: VolumeTransfer, buffer: any IOBuffer
    ) throws(IOFailure) {}

    public func didTransfer(
        _ transfer: VolumeTransfer, buffer: any IOBuffer, count: Int
    ) throws(IOFailure) {}
}

/// Why a directory could not become a volume: the directory, the cause, and the remedy.
public struct HostVolumeError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Kind: Sendable, Equatable {
        case directoryMissing
        case notADirectory
        case notPermitted
        /// Too many links on the way, or links that form a circle.
        case linksGoRound
        /// /proc is missing, or is no procfs.
        case mountTableUnreadable
        /// Any other error of the kernel.
        case hostRefused
    }

    public let kind: Kind
    /// The directory that was to become a volume.
    public let directory: FilePath
    /// The kernel's error.
    public let errno: Errno
    /// The cause, as a sentence.
    public let reason: String
    /// The remedy, as a sentence.
    public let advice: String

    /// `Cannot make "/srv/x" a volume: … . …`
    public var description: String {
        "Cannot make \"\(directory.string)\" a volume: \(reason) \(advice)"
    }

    init(_ directory: FilePath, _ errno: Errno) {
        self.directory = directory
        self.errno = errno
        switch errno {
        case .noSuchFileOrDirectory:
            kind = .directoryMissing
            reason = "There is no such directory."
            advice = "Make it first, or correct the path."
        case .notDirectory:
            kind = .notADirectory
            reason = "The path, or a part of it, is not a directory."
            advice = "Name the directory that holds the files."
        case .permissionDenied, .notPermitted:
            kind = .notPermitted
            reason = "This process may not search a directory on the way (errno \(errno.rawValue))."
            advice = "Run as a user who may, or grant search permission with chmod +x."
        case .tooManySymbolicLinkLevels:
            kind = .linksGoRound
            reason = "Symbolic links on the way lead round in a circle, or there are too many."
            advice = "Name the directory without links."
        default:
            kind = .hostRefused
            reason = "The kernel refused to open it: \(errno) (errno \(errno.rawValue))."
            advice = "See openat2(2) and the kernel's log."
        }
    }

    init(mountTable errno: Errno, paths: SystemPaths, directory: FilePath) {
        kind = .mountTableUnreadable
        self.directory = directory
        self.errno = errno
        let table = paths.proc.appending("self/mountinfo")
        reason = "The mount table \(table.string) cannot be read: \(errno)."
        advice = "Mount procfs at \(paths.proc.string)."
    }
}
