import BypassIOProtocol
import Dispatch
import IOStack

/// A minifilter that behaves as the scenario says and counts events.
///
/// Usable from any thread; its lock is a leaf.
final class StagedFilter: Sendable {
    private struct State {
        var vetoes: [VetoRule]
        /// The last verdict that its post callback saw.
        var learned: NTStatus?
        /// The last result of FltVetoBypassIo.
        var told: NTStatus?
        var filter: Minifilter?
        var instance: FilterInstance?
    }

    let description: FilterDescription
    let counts = SightCounts()
    let hold = Hold()
    let enableHold = Hold()
    private let state: Guarded<State>

    init(_ description: FilterDescription) {
        self.description = description
        state = Guarded(State(vetoes: description.vetoes))
    }

    var learned: NTStatus? { state.withLock { $0.learned } }
    var told: NTStatus? { state.withLock { $0.told } }

    /// Registered once, and kept for attaches.
    var filter: Minifilter? {
        get { state.withLock { $0.filter } }
        set { state.withLock { $0.filter = newValue } }
    }

    /// The instance that was attached last, also after its detach.
    var instance: FilterInstance? {
        get { state.withLock { $0.instance } }
        set { state.withLock { $0.instance = newValue } }
    }

    func veto(_ rule: VetoRule) { state.withLock { $0.vetoes.append(rule) } }
    func stopVetoing() { state.withLock { $0.vetoes = [] } }

    var registration: FilterRegistration {
        var rows: [OperationRegistration] = []
        if description.seesReads {
            rows.append(
                OperationRegistration(
                    .read, flags: description.readFlags, preOperation: preRead,
                    postOperation: { [self] data, _, _ in
                        if data.isDraining { counts.note(.draining) }
                        return .finishedProcessing
                    }))
        }
        if description.seesWrites {
            rows.append(OperationRegistration(.write, preOperation: preWrite))
        }
        if description.isOptedIn, !description.isLegacy {
            rows.append(
                OperationRegistration(
                    .fileSystemControl, preOperation: preControl, postOperation: postControl))
        }
        let (refusesDetach, refusesAttach) = (description.refusesDetach, description.refusesAttach)
        var registration = FilterRegistration(
            name: description.name, altitude: description.altitude,
            supportedFeatures: description.isOptedIn ? .bypassIO : [], operations: rows,
            instanceSetup: { _, _ in !refusesAttach },
            instanceQueryTeardown: { _ in !refusesDetach },
            unload: { _ in !refusesDetach })
        registration.isLegacy = description.isLegacy
        return registration
    }

    private var preRead: PreOperationCallback {
        { [self] _, _ in
            counts.note(.reads)
            hold.pass()
            return .successWithCallback(.none)
        }
    }

    private var preWrite: PreOperationCallback {
        { [self] _, _ in
            counts.note(.writes)
            return .successNoCallback
        }
    }

    private var preControl: PreOperationCallback {
        { [self] data, instance in
            guard let operation = data.bypassIOInput?.operation else { return .successNoCallback }
            counts.note(.control(operation.rawValue))
            guard let rule = rule(for: operation, data.fileObject) else {
                if operation == .enable { enableHold.pass() }
                return .successWithCallback(.none)
            }
            switch rule.manner {
            case .lateFailure: return .successWithCallback(.none)
            case .failure: data.fail(rule.status)
            case .veto(let reason):
                let answer = data.vetoBypassIO(instance, status: rule.status, reason: reason)
                state.withLock { $0.told = answer }
            }
            return .complete
        }
    }

    private var postControl: PostOperationCallback {
        { [self] data, _, _ in
            if let verdict = data.bypassIOVerdict {
                state.withLock { $0.learned = verdict.status }
            }
            if let operation = data.bypassIOInput?.operation,
                let rule = rule(for: operation, data.fileObject), rule.manner == .lateFailure
            {
                data.fail(rule.status)
            }
            return .finishedProcessing
        }
    }

    private func rule(for operation: BypassIOOperation, _ file: FileObject?) -> VetoRule? {
        state.withLock { state in
            state.vetoes.first { rule in
                rule.operations.contains(operation)
                    && (rule.path == nil || rule.path == file?.openedPath)
            }
        }
    }
}

/// Requests of one kind wait here until the script releases them. Usable from any thread; its lock
/// is a leaf.
final class Hold: Sendable {
    private struct State {
        var isHolding = false
        var held: [DispatchSemaphore] = []
        var watchers: [(count: Int, arrived: DispatchSemaphore)] = []
    }
    private let state = Guarded(State())

    /// From now on each request that comes is held.
    func begin() {
        state.withLock { $0.isHolding = true }
    }

    /// Releases all and holds none any more.
    func release() {
        let held = state.withLock { state in
            state.isHolding = false
            defer { state.held = [] }
            return state.held
        }
        for request in held { request.signal() }
    }

    /// On the thread of a request: sleeps while it is held.
    func pass() {
        let released = DispatchSemaphore(value: 0)
        let isHeld = state.withLock { state in
            guard state.isHolding else { return false }
            state.held.append(released)
            let count = state.held.count
            for watcher in state.watchers where count >= watcher.count { watcher.arrived.signal() }
            state.watchers.removeAll { count >= $0.count }
            return true
        }
        if isHeld { released.wait() }
    }

    /// Sleeps until `count` are held; false if that took longer than `seconds`.
    func wait(for count: Int, seconds: Int) -> Bool {
        let arrived = DispatchSemaphore(value: 0)
        let isThere = state.withLock { state in
            if state.held.count >= count { return true }
            state.watchers.append((count, arrived))
            return false
        }
        return isThere || arrived.wait(timeout: .now() + .seconds(seconds)) == .success
    }
}

/// How often a part of the stack saw each event. Usable from any thread; its lock is a leaf.
final class SightCounts: Sendable {
    private let counts = Guarded<[Sight: Int]>([:])

    func note(_ sight: Sight) { counts.withLock { $0[sight, default: 0] += 1 } }
    func count(of sight: Sight) -> Int { counts.withLock { $0[sight] ?? 0 } }
    func clear() { counts.withLock { $0 = [:] } }
}
