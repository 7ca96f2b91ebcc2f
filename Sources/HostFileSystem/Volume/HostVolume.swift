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
        let discovery: StorageDiscovery
        do throws(Errno) {
            discovery = try StorageDiscovery(paths: paths)
        } catch {
            throw HostVolumeError(mountTable: error, paths: paths, directory: directory)
        }
        let fileSystem: HostFileSystem
        do throws(Errno) {
            fileSystem = try HostFileSystem(
                root: directory, discovery: discovery, guardian: guardian)
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
