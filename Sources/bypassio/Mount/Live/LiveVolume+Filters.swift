import BypassIOProtocol
import IOStack

/// The filters of a mount, as its control interface tells and changes them.
extension LiveVolume {
    func filters() -> FiltersReport {
        let instances = live.volume.instances
        let reports = live.loaded.map { loaded in
            let own = instances.filter { $0.filter === loaded.filter }
            return FiltersReport.Filter(
                name: loaded.filter.name, instances: own.count,
                altitude: (own.first?.altitude ?? loaded.filter.registration.altitude).description,
                frame: 0, supportsBypassIO: loaded.filter.isOptedIn,
                isAllowed: live.allowed?.allows(loaded.shipped) ?? true,
                settings: loaded.settings)
        }
        return FiltersReport(
            filters: reports, allowed: live.allowed?.names,
            isBypassBlocked: live.volume.isFilterAttachBlocked)
    }

    func instances() -> [InstanceReport] {
        // First those that leave: one that comes to leave in between is told once.
        let leaving = live.leaving.filter { !$0.isAttached }
        let attached = live.volume.instances.filter { one in !leaving.contains { $0 === one } }
        return (attached + leaving).sorted { $0.altitude > $1.altitude }.map(report)
    }

    private func report(_ instance: FilterInstance) -> InstanceReport {
        let callbacks = instance.callbacksRun
        return InstanceReport(
            filter: instance.filter.name, volume: live.volume.name,
            altitude: instance.altitude.description, instance: instance.name, frame: 0,
            features: instance.filter.features.rawValue,
            status: instance.isAttached ? "" : "Detaching", preCallbacks: callbacks.pre,
            postCallbacks: callbacks.post, requestsWithin: instance.requestsWithin,
            settings: live.loaded(instance.filter)?.settings ?? [:])
    }

    // MARK: Coming

    func load(_ order: AttachOrder) throws(ControlFault) -> AttachReport {
        try attach(order, reason: .automatic, mustBeNew: true)
    }

    func attach(_ order: AttachOrder) throws(ControlFault) -> AttachReport {
        try attach(order, reason: .manual, mustBeNew: false)
    }

    private func attach(
        _ order: AttachOrder, reason: FilterRegistration.SetupReason, mustBeNew: Bool
    ) throws(ControlFault) -> AttachReport {
        do {
            let setting = try FilterSetting(
                name: order.filter, altitude: order.altitude,
                values: (order.settings ?? [:]).sorted { $0.key < $1.key }
                    .map { ($0.key, $0.value) })
            let instance = try live.attach(setting, reason: reason, mustBeNew: mustBeNew)
            return AttachReport(instance: report(instance), effect: effect(of: instance))
        } catch let error as CommandError {
            throw ControlFault(400, "wrong-setting", error.message)
        } catch let refusal as LiveFilters.Refusal {
            throw fault(refusal, order.filter)
        } catch {
            throw ControlFault(500, "failed", "\(order.filter) cannot be attached: \(error).")
        }
    }

    private func effect(of instance: FilterInstance) -> String? {
        guard !instance.filter.isOptedIn else { return nil }
        return
            "\(instance.filter.name) does not know BypassIO: while it is attached nobody bypasses, "
            + "neither the \(live.volume.activeBypassCount) files that have bypass nor others "
            + "(FILTER_ATTACH_BLOCKED)."
    }

    private func fault(_ refusal: LiveFilters.Refusal, _ name: String) -> ControlFault {
        switch refusal {
        case .notAllowed(let filter, let allowed):
            ControlFault(
                403, "filter-not-allowed", "\(filter.rawValue) may not attach to this mount.",
                advice:
                    "filters_allowed has \(allowed.words); it is set when the volume is mounted.")
        case .alreadyLoaded(let name):
            ControlFault(
                409, "already-loaded", "\(name) is loaded, and has its settings.",
                advice: "Unload it first, or attach it without settings.")
        case .stack(.fltInstanceAltitudeCollision, let altitude):
            ControlFault(
                409, "altitude-taken",
                "At \(altitude) there is \(neighbour(at: altitude)) already.",
                advice: "Name another altitude: NAME=ALTITUDE.")
        case .stack(.fltInstanceNameCollision, let altitude):
            ControlFault(
                409, "already-attached", "\(name) is attached at \(altitude) already.",
                advice: "Name another altitude: NAME=ALTITUDE.")
        case .stack(.fltDoNotAttach, _):
            ControlFault(409, "filter-refuses", "\(name) does not want to attach to this volume.")
        case .stack(.fltVolumeNotFound, _):
            ControlFault(409, "unmounting", "The volume is being unmounted.")
        case .stack(.ioTimeout, _):
            ControlFault(
                503, "reads-under-way",
                "Reads that go past \(name) did not end in time: it is not attached.",
                advice: "Try again; pause_timeout says how long they have.")
        case .stack(let status, _):
            ControlFault(
                500, "failed", "\(name) cannot be attached: \(status.shortName).")
        }
    }

    private func neighbour(at altitude: Altitude) -> String {
        live.volume.instances.first { $0.altitude == altitude }?.filter.name ?? "a filter"
    }

    // MARK: Going

    func unload(_ name: String, isForced: Bool) throws(ControlFault) -> DetachReport {
        guard let loaded = live.loaded.first(where: { $0.filter.name == name }) else {
            throw ControlFault(
                404, "no-such-filter", "No filter \(name) is loaded.",
                advice: "bypassio filters lists those that are.")
        }
        let instances = live.volume.instances.filter { $0.filter === loaded.filter }
        do throws(NTStatus) {
            let isGone = try live.unload(loaded.filter, isForced: isForced)
            return DetachReport(
                isGone: isGone, requestsWithin: instances.reduce(0) { $0 + $1.requestsWithin })
        } catch {
            throw fault(error, name)
        }
    }

    func detach(_ name: String, isForced: Bool) throws(ControlFault) -> DetachReport {
        if let leaving = live.leaving.first(where: { $0.isCalled(name) && !$0.isAttached }) {
            guard isForced else { throw stillDetaching(leaving) }
            live.forgo(leaving)
            return DetachReport(isGone: false, requestsWithin: leaving.requestsWithin)
        }
        let instance = try instance(name)
        do throws(NTStatus) {
            let isGone = try live.detach(instance, isForced: isForced)
            return DetachReport(isGone: isGone, requestsWithin: instance.requestsWithin)
        } catch {
            throw fault(error, name)
        }
    }

    private func stillDetaching(_ instance: FilterInstance) -> ControlFault {
        let count = instance.requestsWithin
        return ControlFault(
            409, "still-detaching",
            "\(instance.filter.name) is being detached, and has \(count) "
                + "request\(count == 1 ? "" : "s") that it does not let go.",
            advice: "--force (?force=true) gives bypass back at once and waits no longer.")
    }

    private func fault(_ status: NTStatus, _ name: String) -> ControlFault {
        switch status {
        case .fltDoNotDetach:
            ControlFault(
                409, "filter-refuses", "\(name) does not want to be detached.",
                advice: "--force (?force=true) does not ask it.")
        case .fltInstanceNotFound, .fltFilterNotFound:
            ControlFault(409, "gone", "\(name) was taken away meanwhile.")
        default:
            ControlFault(500, "failed", "\(name) cannot be detached: \(status.shortName).")
        }
    }

    /// By its own name, or its filter's.
    private func instance(_ name: String) throws(ControlFault) -> FilterInstance {
        let called = live.volume.instances.filter { $0.isCalled(name) }
        let named = called.contains { $0.name == name } ? called.filter { $0.name == name } : called
        guard let instance = named.first else {
            throw ControlFault(
                404, "no-such-instance", "No filter \(name) is attached.",
                advice: "bypassio instances lists those that are.")
        }
        guard named.count == 1 else {
            let names = named.map(\.name).joined(separator: ", ")
            throw ControlFault(
                409, "several-instances", "\(name) is attached \(named.count) times.",
                advice: "Name one of \(names).")
        }
        return instance
    }

    // MARK: Settings

    func set(
        _ name: String, _ settings: [String: String]
    ) throws(ControlFault) -> InstanceReport {
        // One that is being detached may hang in what a setting lets go.
        let leaving = live.leaving.first { $0.isCalled(name) && !$0.isAttached }
        let instance: FilterInstance = if let leaving { leaving } else { try instance(name) }
        guard let loaded = live.loaded(instance.filter) else {
            throw ControlFault(409, "gone", "\(name) was taken away meanwhile.")
        }
        for (key, value) in settings.sorted(by: { $0.key < $1.key }) {
            do {
                try loaded.shipped.check(key)
                guard let change = loaded.change else { throw LoadableFilter.FixedSetting() }
                try change(key, value)
                live.note([key: value], of: instance.filter)
                log.record(
                    .optionSet, .info, of: "\(instance.filter.name) \(key)",
                    "\(key)=\(value) of filter \(instance.filter.name)"
                ) { $0.driver = instance.filter.name }
            } catch let error as CommandError {
                throw ControlFault(400, "wrong-setting", error.message)
            } catch is LoadableFilter.FixedSetting {
                throw ControlFault(
                    409, "fixed-setting", "\(key) of \(name) holds from the load on.",
                    advice: "Unload the filter, and load it with the new value.")
            } catch let failure as IOFailure {
                throw ControlFault(
                    503, "not-in-force",
                    "\(key)=\(value) is set, but does not hold yet: \(failure.status.shortName).",
                    advice: "Say it again, when the reads that are under way have ended.")
            } catch {
                throw ControlFault(500, "failed", "\(key) cannot be set: \(error).")
            }
        }
        return report(instance)
    }
}

extension FilterInstance {
    fileprivate func isCalled(_ text: String) -> Bool { name == text || filter.name == text }
}
