public import BypassIOProtocol

/// Registers filters, attaches them to volumes, and carries requests through their callbacks.
///
/// Lock order: the registry, then a port's state; the list of volumes is taken alone. The only
/// callback of a filter that runs under a lock is `instanceSetup`, under the volume's `attachment`.
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
    /// Throws `NTStatus.objectNameCollision` if the name, or that of a port, is taken, and
    /// `NTStatus.invalidParameter` for an empty name, a port's that programs could not write, or
    /// two rows for one major function.
    public func register(_ registration: FilterRegistration) throws(NTStatus) -> Minifilter {
        let majors = registration.operations.map(\.majorFunction)
        let ports = registration.ports
        let names = Set(ports.map(\.port.name))
        guard !registration.name.isEmpty, Set(majors).count == majors.count,
            names.count == ports.count, ports.allSatisfy(\.port.isNamed)
        else { throw .invalidParameter }
        let filter = Minifilter(registration)
        let isNew = registry.withLock { filters in
            let isTaken = filters.contains { one in
                one.name == registration.name
                    || one.registration.ports.contains { names.contains($0.port.name) }
            }
            guard !isTaken, Self.open(ports, for: filter) else { return false }
            filters.append(filter)
            return true
        }
        guard isNew else { throw .objectNameCollision }
        return filter
    }

    /// All or none.
    private static func open(_ ports: [PortRegistration], for filter: Minifilter) -> Bool {
        for (count, one) in ports.enumerated() where !one.port.open(for: filter) {
            for opened in ports.prefix(count) { opened.port.close() }
            return false
        }
        return true
    }

    /// Attaches an instance of `filter` to `volume` (`FltAttachVolumeAtAltitude`) while I/O runs.
    ///
    /// A filter that did not opt in to BypassIO stops all bypass on the volume at once; the call
    /// returns when no bypassed read is in flight. Throws `NTStatus.fltFilterNotFound` if the
    /// filter is not registered, `NTStatus.fltInstanceAltitudeCollision` or
    /// `NTStatus.fltInstanceNameCollision` if the altitude or the name is taken, and
    /// `NTStatus.fltDoNotAttach` if the filter's setup callback refuses.
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

    /// Detaches an instance while I/O runs (`FltDetachVolume`). After it returned, no callback of
    /// the instance runs or will run, and its contexts are gone.
    ///
    /// It does not wait for requests whose post callback the instance owes: it calls the callback
    /// itself, with a copy for which ``CallbackData/isDraining`` is true. It waits for callbacks
    /// that run, for requests that the instance keeps, which its teardown must complete, and for
    /// those that it passed with ``PreOperationResult/synchronize(_:)`` or with a buffer of its
    /// own. So a callback of that instance must not call it.
    ///
    /// Throws `NTStatus.fltDoNotDetach` if the filter refuses a manual detach, and
    /// `NTStatus.fltInstanceNotFound` if the instance is not attached.
    public func detach(
        _ instance: FilterInstance, reason: FilterRegistration.TeardownReason = .manual
    ) throws(NTStatus) {
        if reason == .manual {
            // A detached instance's filter is not asked any more.
            guard instance.rundown.enter() else { throw .fltInstanceNotFound }
            let agrees = instance.filter.registration.instanceQueryTeardown?(instance) ?? false
            instance.rundown.leave()
            guard agrees else { throw .fltDoNotDetach }
        }
        try instance.volume.detach(instance, reason: reason)
    }

    /// Gives back the bypass that a detached instance keeps from files, although callbacks of it
    /// still run: for a detach that waits for a callback which hangs. The detach goes on, and the
    /// teardown comes when the last callback returned. An instance that is attached keeps its say.
    public func forgo(_ instance: FilterInstance) {
        guard !instance.isAttached else { return }
        instance.volume.letBypassGo(of: instance)
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
        // From here on no attach of this filter begins, on these volumes or on one mounted later.
        for volume in mounted.all {
            volume.detachAll(of: filter, reason: mandatory ? .mandatoryUnload : .filterUnload)
        }
        for one in filter.registration.ports { one.port.close() }
    }
}
