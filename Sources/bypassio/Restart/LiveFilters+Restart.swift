import BypassIOMount
import IOStack
import Logging

/// The filters of a mount as they pass from one process to the next.
extension LiveFilters {
    /// What is attached now, for another process, highest altitude first, with what the filters
    /// know. Waits for them, for a bounded time.
    func handedOver() -> [ServiceState.Filter] {
        var seen: Set<ObjectIdentifier> = []
        return attached { known in
            let isFirst = seen.insert(ObjectIdentifier(known.filter)).inserted
            return isFirst ? saved(known.filter.registration) : nil
        }
    }

    /// The same with what those filters know alone that have it written down at each change. Waits
    /// for nobody.
    var attached: [ServiceState.Filter] {
        attached { known in
            guard known.isNoted else { return nil }
            do throws(FilterStateLost) {
                return try FilterHandover.note(known.filter.registration)
            } catch {
                log.logger.tell(
                    .error, .warning,
                    "if this process dies, the filter \(known.filter.name) begins anew: \(error)")
                return nil
            }
        }
    }

    private func attached(_ state: (Loaded) -> SavedFilterState?) -> [ServiceState.Filter] {
        let loaded = loaded
        return volume.instances.compactMap { instance -> ServiceState.Filter? in
            guard let known = loaded.first(where: { $0.filter === instance.filter }) else {
                return nil
            }
            return ServiceState.Filter(
                name: known.shipped.rawValue, altitude: instance.altitude.description,
                settings: known.handedSettings, state: state(known))
        }
    }

    /// Attaches what another process had attached.
    func attach(_ filters: [ServiceState.Filter]) throws {
        for filter in filters {
            let known = loaded.contains { $0.shipped.rawValue == filter.name }
            let values = known ? [] : filter.settings.map { ($0.key, $0.value) }
            _ = try attach(
                FilterSetting(name: filter.name, altitude: filter.altitude, values: values),
                reason: .automatic, mustBeNew: false, state: filter.state, isSuccessor: true)
        }
    }

    private func saved(_ registration: FilterRegistration) -> SavedFilterState? {
        do throws(FilterStateLost) {
            return try FilterHandover.save(registration)
        } catch {
            tell(registration, error)
            return nil
        }
    }

    /// Returns whether the filter is one that can be attached: with what was saved, or as new.
    func restore(_ saved: SavedFilterState, to registration: FilterRegistration) -> Bool {
        do throws(FilterStateLost) {
            try FilterHandover.restore(saved, to: registration)
            return true
        } catch {
            tell(registration, error)
            return false
        }
    }

    private func tell(_ registration: FilterRegistration, _ loss: FilterStateLost) {
        log.logger.tell(
            .error, .warning,
            "the filter \(registration.name) begins anew, without what it knew: \(loss)")
    }
}
