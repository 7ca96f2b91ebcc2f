public import BypassIOProtocol

/// Registers filters, attaches them to volumes, and carries requests through their callbacks.
///
/// Lock order: the registry and the list of volumes are taken alone. No callback of a filter runs
/// under a lock but
/// `instanceSetup`, which runs under the volume's `attachment`.
public final class FilterManager: Sendable {
    private let registry = Guarded<[Minifilter]>([])
    private let mounted: MountedVolumes

    init(_ mounted: MountedVolumes) { self.mounted = mounted }

    /// Registered filters, highest default altitude first.
    public var filters: [Minifilter] {
        registry.withLock { $0 }.sorted { $0.registration.altitude > $1.registration.altitude }
    }

    /// Makes a filter known (`FltRegisterFilter`, `FltStartFiltering`).
    ///
    /// Throws `NTStatus.objectNameCollision` if the name is taken,
    /// `NTStatus.invalidParameter` for an empty name or two rows of one major function.
    public func register(_ registration: FilterRegistration) throws(NTStatus) -> Minifilter {
        let majors = registration.operations.map(\.majorFunction)
        guard !registration.name.isEmpty, Set(majors).count == majors.count else {
            throw .invalidParameter
        }
        let filter = Minifilter(registration)
        let isNew = registry.withLock { filters in
            guard !filters.contains(where: { $0.name == registration.name }) else { return false }
            filters.append(filter)
            return true
        }
        guard isNew else { throw .objectNameCollision }
        return filter
    }

    /// Attaches an instance of `filter` to `volume` (`FltAttachVolumeAtAltitude`) while I/O runs.
    ///
    /// A filter that did not opt in to BypassIO stops all bypass on the volume at once; the call
    /// returns when no bypassed read is in flight. Throws `NTStatus.fltFilterNotFound` if the
    /// filter is not registered, `NTStatus.fltInstanceAltitudeCollision` or
    /// `NTStatus.fltInstanceNameCollision` if the place or the name is taken, and
    /// `NTStatus.fltDoNotAttach` if the filter's setup callback says so.
    @discardableResult
    public func attach(
        _ filter: Minifilter, to volume: Volume, altitude: Altitude? = nil,
        instanceName: String? = nil, reason: FilterRegistration.SetupReason = .manual
    ) throws(NTStatus) -> FilterInstance {
        guard registry.withLock({ $0.contains { $0 === filter } }), filter.attaches.enter() else {
            throw .fltFilterNotFound
        }
        defer { filter.attaches.leave() }
        let altitude = altitude ?? filter.registration.altitude
        let instance = FilterInstance(
            filter: filter, volume: volume, altitude: altitude,
            name: instanceName ?? "\(filter.name) - \(altitude)")
        try volume.attach(instance, reason: reason)
        return instance
    }

    /// Detaches an instance while I/O runs (`FltDetachVolume`). After it returned no callback of
    /// the instance runs or will run, and its contexts are gone.
    ///
    /// Requests whose post callback the instance owes are not waited for: the callback is called
    /// here, with a copy that says ``CallbackData/isDraining``. Waited for are callbacks that run,
    /// requests that the instance keeps, which its teardown must complete, and those that it passed
    /// with ``PreOperationResult/synchronize(_:)`` or with a buffer of its own. So it must not be
    /// called from a callback of that instance.
    ///
    /// Throws `NTStatus.fltDoNotDetach` if the filter refuses a manual detach, and
    /// `NTStatus.fltInstanceNotFound` if the instance is not attached.
    public func detach(
        _ instance: FilterInstance, reason: FilterRegistration.TeardownReason = .manual
    ) throws(NTStatus) {
        if reason == .manual {
            // One that is gone is not asked any more.
            guard instance.rundown.enter() else { throw .fltInstanceNotFound }
            let agrees = instance.filter.registration.instanceQueryTeardown?(instance) ?? false
            instance.rundown.leave()
            guard agrees else { throw .fltDoNotDetach }
        }
        try instance.volume.detach(instance, reason: reason)
    }

    /// Detaches every instance of a filter, on all volumes, and forgets the filter
    /// (`FltUnloadFilter`). Throws `NTStatus.fltDoNotDetach` if the filter has no unload callback,
    /// or refuses an unload that is not mandatory.
    public func unload(_ filter: Minifilter, mandatory: Bool = false) throws(NTStatus) {
        guard let unload = filter.registration.unload, unload(mandatory) || mandatory else {
            throw .fltDoNotDetach
        }
        registry.withLock { $0.removeAll { $0 === filter } }
        filter.attaches.close()
        filter.attaches.drain(advance: OwnReadsRegistry.process.advanceOwnReads)
        // No attach comes any more, to none of them and to no volume that is mounted now.
        for volume in mounted.all {
            volume.detachAll(of: filter, reason: mandatory ? .mandatoryUnload : .filterUnload)
        }
    }
}
