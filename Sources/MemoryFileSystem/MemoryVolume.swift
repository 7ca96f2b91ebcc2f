public import IOStack

/// A volume in memory with all the parts that a test controls.
///
/// ```swift
/// let memory = MemoryVolume()
/// let file = try memory.volume.open("data", access: [.read, .write], disposition: .create)
/// ```
public struct MemoryVolume: Sendable {
    public let manager: IOManager
    public let volume: Volume
    public let fileSystem: MemoryFileSystem
    public let disk: MemoryDisk
    public let drivers: [ScriptedVolumeDriver]

    /// Mounts an empty file system on `disk`, below `drivers` (top to bottom).
    public init(
        named name: String = "memory", disk: MemoryDisk = MemoryDisk(),
        drivers: [ScriptedVolumeDriver] = [], suspensionPolicy: SuspensionPolicy = .strict,
        observer: (any VolumeObserver)? = nil
    ) {
        let manager = IOManager()
        let fileSystem = MemoryFileSystem(on: disk)
        self.manager = manager
        self.fileSystem = fileSystem
        self.disk = disk
        self.drivers = drivers
        volume = manager.mount(
            fileSystem, named: name, volumeDrivers: drivers, storage: disk,
            suspensionPolicy: suspensionPolicy, observer: observer)
    }

    /// Registers a filter and attaches it to the volume.
    @discardableResult
    public func attach(_ registration: FilterRegistration) throws -> FilterInstance {
        let filter = try manager.filterManager.register(registration)
        return try manager.filterManager.attach(filter, to: volume)
    }

    /// The same for a filter that is a type.
    @discardableResult
    public func attach(_ filter: any Filter) throws -> FilterInstance {
        try attach(filter.registration)
    }
}
