public import BypassIOProtocol
public import IOStack

/// The stack of a scenario around a file system: filters, volume drivers and storage that behave as
/// the scenario says, and the steps that they do.
///
/// Usable from any thread: a step may wait for another thread's step.
public final class StagedStack: Sendable {
    public let io = IOManager()
    public let volume: Volume
    let filters: [StagedFilter]
    let drivers: [StagedDriver]
    let storage: StagedStorage
    /// File objects by the handles' names.
    private let files = Guarded<[String: FileObject]>([:])

    /// Mounts the volume over `storage` and attaches the filters that are there from the start.
    ///
    /// - Throws: the NTSTATUS of an attach that is refused.
    public init(
        _ stage: StageDescription, fileSystem: any FileSystemDriver,
        storage base: any StorageDriver
    ) throws(NTStatus) {
        drivers = stage.drivers.map(StagedDriver.init)
        storage = StagedStorage(stage.storage, over: base)
        filters = stage.filters.map(StagedFilter.init)
        volume = io.mount(fileSystem, named: "scenario", volumeDrivers: drivers, storage: storage)
        volume.drainLimit = stage.drainLimit
        for filter in filters {
            filter.filter = try io.filterManager.register(filter.registration)
            if !filter.description.isAttachedLater { try attach(filter) }
        }
    }

    func attach(
        _ filter: StagedFilter, altitude: Altitude? = nil, instance: String? = nil
    ) throws(NTStatus) {
        guard let registered = filter.filter else { throw .fltFilterNotFound }
        filter.instance = try io.filterManager.attach(
            registered, to: volume, altitude: altitude, instanceName: instance)
    }

    // MARK: Handles

    /// Makes the file object behind a handle known.
    public func bind(_ file: FileObject, to handle: String) {
        files.withLock { $0[handle] = file }
    }

    public func file(_ handle: String) -> FileObject? { files.withLock { $0[handle] } }

    var handles: [String] { files.withLock { $0.keys.sorted() } }

    func filter(_ name: String) -> StagedFilter? {
        filters.first { $0.description.name == name }
    }

    func counts(of component: Component) -> SightCounts? {
        switch component {
        case .filter(let name): filter(name)?.counts
        case .driver(let name): drivers.first { $0.name == name }?.counts
        case .storage: storage.counts
        }
    }

    /// nil: the component cannot hold such requests.
    func hold(of component: Component, _ held: Held) -> Hold? {
        switch (component, held) {
        case (.filter(let name), .reads): filter(name)?.hold
        case (.filter(let name), .enables): filter(name)?.enableHold
        case (.storage, .reads): storage.hold
        case (.driver, _), (.storage, .enables): nil
        }
    }

    /// A handle of the file that is still open.
    func openFile(_ path: String) -> FileObject? {
        handles.compactMap { file($0) }.first { $0.openedPath == path && !$0.isClosed }
    }

    // MARK: The end

    /// Releases everything that is held, so that all waits can end.
    public func releaseAll() {
        storage.hold.release()
        for filter in filters {
            filter.hold.release()
            filter.enableHold.release()
        }
    }

    /// What differs from the initial state once every handle is closed; empty if nothing does.
    public var remains: [String] {
        var lines: [String] = []
        if volume.activeBypassCount != 0 {
            lines.append(
                "ActiveBypassIoCount is \(volume.activeBypassCount) with every file closed")
        }
        let inFlight = volume.bypassedReadsInFlight
        if inFlight.pastFilters != 0 || inFlight.pastVolumeDrivers != 0 {
            lines.append(
                "bypassed reads are counted in flight: \(inFlight.pastFilters) past the filters, "
                    + "\(inFlight.pastVolumeDrivers) past the volume drivers")
        }
        return lines
    }
}
