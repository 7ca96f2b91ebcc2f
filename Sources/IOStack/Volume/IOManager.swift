public import BypassIOProtocol

/// Mounts volumes.
///
/// Usable from any thread.
public final class IOManager: Sendable {
    public let filterManager: FilterManager
    private let mounted = MountedVolumes()

    public init() { filterManager = FilterManager(mounted) }

    public var volumes: [Volume] { mounted.all }

    /// Makes a volume of a file system, the volume drivers over its storage (top to bottom) and the
    /// storage driver. It lives until ``dismount(_:)``. `suspensionPolicy` decides which cached
    /// uses of a file suspend its bypass; `observer` gets attaches, pauses and the events of the
    /// kernel's gates.
    public func mount(
        _ fileSystem: any FileSystemDriver, named name: String,
        volumeDrivers: [any VolumeDriver] = [], storage: any StorageDriver,
        suspensionPolicy: SuspensionPolicy = .strict, offersBypass: Bool = true,
        observer: (any VolumeObserver)? = nil
    ) -> Volume {
        let stack = VolumeStack(drivers: volumeDrivers, storage: storage)
        let volume = Volume(
            name: name, fileSystem: fileSystem, stack: stack, suspensionPolicy: suspensionPolicy,
            offersBypass: offersBypass, observer: observer)
        mounted.add(volume)
        return volume
    }

    /// Detaches every filter and forgets the volume. Throws `NTStatus.sharingViolation` while
    /// files are open on it.
    public func dismount(_ volume: Volume) throws(NTStatus) {
        let isFree = volume.openFiles.withLock { open in
            guard open.streams.isEmpty, open.opensUnderWay == 0 else { return false }
            open.isDismounted = true
            return true
        }
        guard isFree else { throw .sharingViolation }
        // An attach that did not see the mark has put its instance in by the time this lock is
        // free.
        volume.attachment.withLock { _ in }
        volume.detachAll(reason: .volumeDismount)
        mounted.remove(volume)
    }
}

/// The mounted volumes, for the I/O manager and the filter manager.
///
/// Lock order: taken alone.
final class MountedVolumes: Sendable {
    private let volumes = Guarded<[Volume]>([])

    var all: [Volume] { volumes.withLock { $0 } }

    func add(_ volume: Volume) { volumes.withLock { $0.append(volume) } }

    func remove(_ volume: Volume) { volumes.withLock { $0.removeAll { $0 === volume } } }
}
