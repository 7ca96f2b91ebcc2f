import BypassIOProtocol
public import IOStack

/// Does to requests what disks, networks and other filters do on a bad day, by rules: for programs
/// that have to stand it, and for people who test them.
///
/// While a rule can hit reads of a file, the filter refuses BypassIO for it and names the rule: a
/// bypassed read would not come here. A rule that has hit as often as it may, or is taken away,
/// gives bypass back.
///
/// ```swift
/// let fault = FaultFilter(seed: 7)
/// try io.filterManager.attach(io.filterManager.register(fault), to: volume)
/// try fault.add(FaultRule("*.db;sync;errno=EIO;count=1"))
/// ```
///
/// A request that is delayed or hangs is pended: no thread of the filter waits, and what carries
/// the requests of the volume takes another thread for it. A program that is interrupted gets its
/// request back at once.
///
/// Usable from any thread. Lock order: `state` is a leaf; no request goes on, and no bypass is
/// asked for, under it.
public final class FaultFilter: Filter {
    public let name = "fault"
    /// Lies in FSFilter Bottom: the filters above meet the faults, too.
    public let altitude = Altitude(integer: 47_000)
    public let kernelReads: KernelReadTerms? = .stoppable

    private struct State {
        var rules: FaultRules
        var held = HeldRequests()
        var instances: [FilterInstance] = []
    }
    private let state: Guarded<State>

    /// - Parameter seed: the same makes rules with a probability hit the same requests, if those
    ///   come in the same order.
    public init(seed: UInt64 = 1) {
        state = Guarded(State(rules: FaultRules(seed: seed)))
    }

    // MARK: Rules

    /// In the order in which requests meet them, with hits so far and requests held now.
    public var rules: [(rule: FaultRule, hits: UInt64, held: Int)] {
        state.withLock { state in
            state.rules.all.map { ($0.rule, $0.hits, state.held.count(of: $0.rule.name)) }
        }
    }

    /// Adds a rule behind the others, or in place of the one of its name. When it returns, no read
    /// goes past the filter that the rule could hit.
    ///
    /// Throws where reads that bypass do not end: the rule is there, and hits what comes here.
    /// Adding it again tries again.
    public func add(_ rule: FaultRule) throws(IOFailure) {
        let released = state.withLock { state in
            state.rules.add(rule)
            return rule.name.isEmpty ? [] : state.held.take { $0.rule == rule.name }
        }
        for request in released { request.letGo() }
        guard rule.operations.contains(.read) else { return }
        try takeBypassBack(on: state.withLock { $0.instances })
    }

    /// Takes the rule of that name away, or every one for nil, and lets go what it holds. Returns
    /// how many went.
    @discardableResult
    public func remove(_ name: String?) -> Int {
        let (gone, released) = state.withLock { state in
            let gone = state.rules.remove(name)
            return (gone, state.held.take { one in gone.contains { $0.name == one.rule } })
        }
        for request in released { request.letGo() }
        if gone.contains(where: { $0.operations.contains(.read) }) { giveBypassBack() }
        return gone.count
    }

    /// Lets go what the rule of that name holds, or every one for nil, as if it had not been hit.
    /// The rule stays. Returns how many requests went on.
    @discardableResult
    public func release(_ name: String?) -> Int {
        let released = state.withLock { $0.held.take { name == nil || $0.rule == name } }
        for request in released { request.letGo() }
        return released.count
    }

    // MARK: Bypass

    /// ENABLEs under way passed this filter before the rule came. A withdrawal from all files has
    /// them asked again; after its end the filter's own answer holds each file back that a rule is
    /// for, and the others go on.
    private func takeBypassBack(on instances: [FilterInstance]) throws(IOFailure) {
        var failure: IOFailure?
        for instance in instances {
            do throws(IOFailure) {
                try instance.bypass.withdraw(
                    .notSupportedWithMonitoring, reason: "The rules of fault change.")
            } catch {
                // An instance that is being detached needs nothing any more.
                if error.status != .fltDeletingObject { failure = failure ?? error }
            }
            instance.bypass.restore()
        }
        if let failure { throw failure }
    }

    func giveBypassBack() {
        for instance in state.withLock({ $0.instances }) { instance.bypass.restore() }
    }

    // MARK: Requests

    func strike(
        _ operation: FaultRule.Operations, _ path: String, _ range: Range<UInt64>?
    ) -> FaultRules.Blow? {
        state.withLock { $0.rules.strike(operation, path, range) }
    }

    /// Keeps a request until it is let go, or for as long as the rule delays it.
    func hold<Request: PreOperation>(
        _ request: Request, _ rule: FaultRule, _ answer: PreOperationAnswer
    ) -> PreOperationAnswer {
        let held = HeldRequests.Held(
            rule: rule.name, instance: ObjectIdentifier(request.instance),
            isStubborn: rule.effect == .hang(isStubborn: true), answer: answer,
            resume: { request.resume($0) })
        guard let number = state.withLock({ $0.held.add(held) }) else { return answer }
        let cancel: @Sendable () -> Void = { [weak self] in
            self?.state.withLock { $0.held.take(number) }?.resume(.fail(.cancelled))
        }
        if request.data.setCancelHandler(request.instance, cancel) == .cancelled { cancel() }
        if rule.delay > .zero {
            DelayedCall.after(rule.delay) { [weak self] in
                self?.state.withLock { $0.held.take(number) }?.letGo()
            }
        }
        return .pend
    }

    // MARK: Coming and going

    public func didAttach(_ instance: FilterInstance) {
        let hasRules = state.withLock { state in
            state.instances.append(instance)
            return !state.rules.all.isEmpty
        }
        // Files may have had bypass before. What cannot be taken back is told by the stack.
        if hasRules { try? takeBypassBack(on: [instance]) }
    }

    public func willDetach(
        _ instance: FilterInstance, _ reason: FilterRegistration.TeardownReason
    ) {
        let one = ObjectIdentifier(instance)
        let released = state.withLock { state in
            state.held.leave(one)
            return state.held.take {
                $0.instance == one && (!$0.isStubborn || reason == .volumeDismount)
            }
        }
        for request in released { request.letGo() }
    }

    public func didDetach(
        _ instance: FilterInstance, _ reason: FilterRegistration.TeardownReason
    ) {
        state.withLock { state in
            state.held.forget(ObjectIdentifier(instance))
            state.instances.removeAll { $0 === instance }
        }
    }
}

extension FaultFilter: BypassFilter {
    public func bypass(_ question: BypassQuestion) -> BypassAnswer {
        let path = question.file.openedPath
        guard question.file.stream.kind == .file,
            let rule = state.withLock({ $0.rules.ruleForReads(of: path) })
        else { return .pass }
        return .veto(
            .notSupportedWithMonitoring,
            reason: "The rule \(rule.name) may hit its reads: \(rule.text).")
    }
}
