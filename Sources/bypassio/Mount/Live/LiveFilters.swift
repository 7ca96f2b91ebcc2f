import BypassIOMount
import BypassIOProtocol
import Dispatch
import IOStack
import LinuxKit
import Minifilters
import SystemPackage

/// The filters of a mount while it is served: which are loaded, and how they come and go.
///
/// Any thread that may wait for callbacks. Lock order: `state` is a leaf; the stack is never asked
/// under it.
final class LiveFilters: Sendable {
    /// Why a filter does not come.
    enum Refusal: Error {
        case notAllowed(ShippedFilter, AllowedFilters)
        /// Loaded already, so it has its settings.
        case alreadyLoaded(String)
        case stack(NTStatus, altitude: Altitude)

        var status: NTStatus {
            switch self {
            case .notAllowed: .accessDenied
            case .alreadyLoaded: .objectNameCollision
            case .stack(let status, _): status
            }
        }
    }

    /// A filter that is registered.
    struct Loaded: Sendable {
        let filter: Minifilter
        let shipped: ShippedFilter
        let change: (@Sendable (String, String) throws -> Void)?
        /// nil for every other filter.
        let policy: PolicyFilter?
        /// What the filter says itself.
        fileprivate let ownSettings: (@Sendable () -> [String: String])?
        fileprivate let ownValues: (@Sendable () -> [(key: String, value: String)])?
        /// What it knows is written down for another process whenever that changes.
        let isNoted: Bool
        fileprivate let end: (@Sendable () -> Void)?
        fileprivate var said: [String: String]
        /// As they were said, each time.
        fileprivate var values: [(key: String, value: String)]

        var settings: [String: String] { ownSettings?() ?? said }

        /// What makes the same filter again.
        var handedSettings: [ServiceState.Setting] {
            (ownValues?() ?? values).map { ServiceState.Setting(key: $0.key, value: $0.value) }
        }
    }

    private struct State {
        var loaded: [Loaded] = []
        /// What a detach took off the stack, and waits for.
        var leaving: [FilterInstance] = []
    }

    let volume: Volume
    let allowed: AllowedFilters?
    private let manager: FilterManager
    let log: ServiceLog
    private let state = Guarded(State())
    /// Called after every change of what is attached, or of its settings.
    private let observer = Guarded<(@Sendable () -> Void)?>(nil)

    init(
        _ volume: Volume, _ manager: FilterManager, allowed: AllowedFilters?, log: ServiceLog
    ) {
        self.volume = volume
        self.manager = manager
        self.allowed = allowed
        self.log = log
    }

    /// Highest altitude first.
    var loaded: [Loaded] {
        state.withLock { $0.loaded }.sorted {
            $0.filter.registration.altitude > $1.filter.registration.altitude
        }
    }

    func whenChanged(_ body: @escaping @Sendable () -> Void) {
        observer.withLock { $0 = body }
    }

    func changed() {
        let body = observer.withLock { $0 }
        body?()
    }

    var leaving: [FilterInstance] { state.withLock { $0.leaving } }

    func loaded(_ filter: Minifilter) -> Loaded? {
        state.withLock { $0.loaded.first { $0.filter === filter } }
    }

    // MARK: Coming

    /// Attaches a filter; one that is not loaded is made with the setting's values.
    ///
    /// Throws a ``Refusal``, and a ``CommandError`` for a wrong value.
    func attach(
        _ setting: FilterSetting, reason: FilterRegistration.SetupReason, mustBeNew: Bool,
        state saved: SavedFilterState? = nil, isSuccessor: Bool = false
    ) throws -> FilterInstance {
        defer { changed() }
        if let allowed, !allowed.allows(setting.filter) {
            throw Refusal.notAllowed(setting.filter, allowed)
        }
        if !mustBeNew, setting.values.isEmpty, let known = onlyOne(setting.filter) {
            return try attach(
                known, setting.altitude ?? known.registration.altitude, reason)
        }
        var made = try make(setting, isSuccessor)
        if let saved, !restore(saved, to: made.registration) {
            made = try make(setting, isSuccessor)
        }
        let altitude = setting.altitude ?? made.registration.altitude
        let known = state.withLock { state in
            state.loaded.first { $0.filter.name == made.registration.name }
        }
        if let known {
            guard !mustBeNew, setting.values.isEmpty else {
                throw Refusal.alreadyLoaded(known.filter.name)
            }
            return try attach(known.filter, altitude, reason)
        }
        try made.begin?(volume)
        return try load(setting, made, altitude, reason)
    }

    /// The loaded filter of a kind that has one name.
    private func onlyOne(_ kind: ShippedFilter) -> Minifilter? {
        guard kind != .noop else { return nil }
        return state.withLock { $0.loaded.first { $0.shipped == kind }?.filter }
    }

    private func make(_ setting: FilterSetting, _ isSuccessor: Bool) throws -> LoadableFilter {
        try setting.filter.make(
            setting.values, altitude: setting.altitude, on: volume, isSuccessor: isSuccessor,
            log: log)
    }

    private func load(
        _ setting: FilterSetting, _ made: LoadableFilter, _ altitude: Altitude,
        _ reason: FilterRegistration.SetupReason
    ) throws(Refusal) -> FilterInstance {
        let filter: Minifilter
        do throws(NTStatus) {
            filter = try manager.register(made.registration)
        } catch {
            throw error == .objectNameCollision
                ? .alreadyLoaded(made.registration.name) : .stack(error, altitude: altitude)
        }
        let settings = Dictionary(setting.values.map { ($0.key, $0.value) }) { $1 }
        state.withLock {
            $0.loaded.append(
                Loaded(
                    filter: filter, shipped: setting.filter, change: made.change,
                    policy: made.policy,
                    ownSettings: made.settings, ownValues: made.values,
                    isNoted: made.whenStateChanges != nil, end: made.end, said: settings,
                    values: setting.values))
        }
        made.whenStateChanges? { [weak self] in self?.changed() }
        do throws(Refusal) {
            return try attach(filter, altitude, reason)
        } catch {
            // It came for this attach.
            forget(filter)
            _ = try? manager.unload(filter, mandatory: true)
            throw error
        }
    }

    private func attach(
        _ filter: Minifilter, _ altitude: Altitude, _ reason: FilterRegistration.SetupReason
    ) throws(Refusal) -> FilterInstance {
        do throws(NTStatus) {
            return try manager.attach(filter, to: volume, altitude: altitude, reason: reason)
        } catch {
            throw .stack(error, altitude: altitude)
        }
    }

    private func forget(_ filter: Minifilter) {
        state.withLock { $0.loaded.removeAll { $0.filter === filter } }
    }

    func note(_ settings: [String: String], of filter: Minifilter) {
        defer { changed() }
        state.withLock { state in
            guard let place = state.loaded.firstIndex(where: { $0.filter === filter }) else {
                return
            }
            state.loaded[place].said.merge(settings) { $1 }
            state.loaded[place].values.removeAll { settings[$0.key] != nil }
            state.loaded[place].values += settings.map { ($0.key, $0.value) }
        }
    }

    // MARK: Going

    /// The volume is about to be dismounted: no filter has a file of it open any more.
    func end() {
        for one in loaded { one.end?() }
    }

    /// How long a forced detach gives callbacks before it gives bypass back without them.
    private static let grace = DispatchTimeInterval.milliseconds(500)

    /// Detaches; throws what the stack says. Forced, it asks nobody and returns although callbacks
    /// run; whether none does.
    func detach(_ instance: FilterInstance, isForced: Bool) throws(NTStatus) -> Bool {
        try leave([instance], isForced: isForced) { [manager] () throws(NTStatus) in
            try manager.detach(instance, reason: isForced ? .mandatoryUnload : .manual)
        }
    }

    /// The same with every instance of a filter, which is forgotten.
    func unload(_ filter: Minifilter, isForced: Bool) throws(NTStatus) -> Bool {
        let instances = volume.instances.filter { $0.filter === filter }
        return try leave(instances, isForced: isForced) { [self] () throws(NTStatus) in
            try manager.unload(filter, mandatory: isForced)
            forget(filter)
        }
    }

    /// Has bypass come back from one that is detached and whose callbacks run.
    func forgo(_ instance: FilterInstance) { manager.forgo(instance) }

    private func leave(
        _ instances: [FilterInstance], isForced: Bool,
        _ body: @escaping @Sendable () throws(NTStatus) -> Void
    ) throws(NTStatus) -> Bool {
        defer { changed() }
        state.withLock { $0.leaving += instances }
        let work: @Sendable () throws(NTStatus) -> Void = { [self] () throws(NTStatus) in
            defer {
                state.withLock { state in
                    state.leaving.removeAll { one in instances.contains { $0 === one } }
                }
            }
            try body()
        }
        guard isForced else {
            try work()
            return true
        }
        let outcome = Outcome()
        do throws(Errno) {
            try OwnThread.start(named: "forced detach") {
                do throws(NTStatus) {
                    try work()
                    outcome.settle(nil)
                } catch {
                    outcome.settle(error)
                }
            }.detach()
        } catch {
            throw .insufficientResources
        }
        if outcome.isSettled(within: Self.grace) {
            if let failure = outcome.failure { throw failure }
            return true
        }
        for instance in instances { manager.forgo(instance) }
        return false
    }

    /// How a detach on a thread of its own ended.
    private final class Outcome: Sendable {
        private let status = Guarded<NTStatus?>(nil)
        private let ended = DispatchSemaphore(value: 0)

        func settle(_ failure: NTStatus?) {
            status.withLock { $0 = failure }
            ended.signal()
        }

        func isSettled(within time: DispatchTimeInterval) -> Bool {
            ended.wait(timeout: .now() + time) == .success
        }

        var failure: NTStatus? { status.withLock { $0 } }
    }
}

/// The filters that an administrator lets attach to a mount (`-o filters_allowed=`).
struct AllowedFilters: Sendable {
    let names: [String]

    /// Names separated by colons, or `none`. Throws a ``CommandError`` for an unknown one.
    init(_ text: String) throws {
        let names = text == "none" ? [] : text.split(separator: ":").map(String.init)
        for name in names where ShippedFilter(rawValue: name) == nil {
            throw CommandError(
                .usage,
                "filters_allowed names \(name), which is no filter; there are "
                    + "\(ShippedFilter.names), or none.")
        }
        self.names = names
    }

    func allows(_ filter: ShippedFilter) -> Bool { names.contains(filter.rawValue) }

    var words: String { names.isEmpty ? "none" : names.joined(separator: ", ") }
}

/// A shipped filter that was made with settings.
struct LoadableFilter: Sendable {
    let registration: FilterRegistration
    /// Changes a setting while the filter is attached; nil where none can be. Throws a
    /// ``CommandError`` for a wrong value, ``NTStatus`` where the stack refuses, and
    /// ``FixedSetting``.
    var change: (@Sendable (_ key: String, _ value: String) throws -> Void)?

    /// As they are at this moment; nil where they are what was said last.
    var settings: (@Sendable () -> [String: String])?

    /// Answers questions; nil for every other filter.
    var policy: PolicyFilter?

    /// Called once with the volume, before the filter is registered. Throws a ``CommandError``.
    var begin: (@Sendable (Volume) throws -> Void)?

    /// What to make it of to get it as it is at this moment; nil where that is what was said.
    var values: (@Sendable () -> [(key: String, value: String)])?

    /// Has a body called after each change of what the filter saves, which is little, and which it
    /// saves without a wait: what it knows survives the death of the service. nil where it does
    /// not.
    var whenStateChanges: (@Sendable (@escaping @Sendable () -> Void) -> Void)?

    /// Called before the volume is dismounted, when no request of a program comes any more: the
    /// filter closes what it has open there.
    var end: (@Sendable () -> Void)?

    /// A setting that holds from the load on.
    struct FixedSetting: Error {}
}

/// Has a mount's callbacks and requests timed as long as somebody looks.
///
/// Any thread. Lock order: `state` is a leaf.
final class CallbackTiming: Sendable {
    /// Who has not looked for so long looks no more; longer than Prometheus' scrapes are apart.
    private static let patience: DispatchTimeInterval = .seconds(150)

    private let mounted: MountedVolume
    /// Counts looks.
    private let state = Guarded<UInt64>(0)

    init(_ mounted: MountedVolume) { self.mounted = mounted }

    /// Somebody looks now.
    func look() {
        let number = state.withLock { count in
            count += 1
            return count
        }
        // Filters that came since are timed from now on.
        mounted.time(true)
        DispatchQueue.global().asyncAfter(deadline: .now() + Self.patience) { [self] in
            if state.withLock({ $0 }) == number { mounted.time(false) }
        }
    }
}
