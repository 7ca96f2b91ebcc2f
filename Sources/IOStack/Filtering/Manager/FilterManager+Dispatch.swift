import BypassIOProtocol

extension FilterManager {
    /// Runs pre callbacks from the request's place downward. `chain` is the request's own, which
    /// the caller holds: here no reference is counted.
    static func descend(_ data: CallbackData, in chain: OperationChain) -> DescentOutcome {
        while let index = data.descent.step(in: chain) {
            switch chain.withNode(index, { visit($0, at: index, data) }) {
            case .passed: continue
            case .completed: return .completed
            case .pended: return .pended
            }
        }
        return .reachedFileSystem
    }

    private static func visit(
        _ node: CallbackNode, at index: Int, _ data: CallbackData
    ) -> NodeOutcome {
        // Spec 6.10: a row's flags do not undo that the filter did not opt in.
        if node.mayVeto, let outcome = standingVeto(of: node, data) { return outcome }
        if !node.flags.isEmpty, node.skips(data) { return .passed }
        // If the instance is going away, the request passes as if it were not there.
        guard node.instance.rundown.enter() else { return .passed }
        guard node.hasPreOperation else {
            owePost(.none, of: node, at: index, data)
            return .passed
        }
        node.instance.countPreCallback()
        let began = node.instance.times.begin()
        let result = run(node, data)
        if began != 0 {
            node.instance.noteCallback(
                .preCallback, of: data.majorFunction, since: began, result.toldOutcome)
        }
        switch result {
        case .successNoCallback:
            if data.isChanged { data.noteChanges(at: index) }
            node.instance.rundown.leave()
            return .passed
        case .pending:
            data.keeper = RequestParking.Keeper(node.instance, .down)
            return .pended
        case .successWithCallback, .complete, .synchronize:
            if data.isChanged { data.noteChanges(at: index) }
            return apply(result, of: node, at: index, data)
        }
    }

    /// Goes on after a pended pre callback.
    static func resumeDescent(
        _ data: CallbackData, in chain: OperationChain, with result: PreOperationResult
    ) -> DescentOutcome {
        data.preOperationInstance = nil
        data.keeper = nil
        guard let index = data.descent.current else { return .reachedFileSystem }
        let result = data.heedingVeto(result)
        if data.isChanged { data.noteChanges(at: index) }
        let outcome = chain.withNode(index) { apply(result, of: $0, at: index, data) }
        if case .completed = outcome { return .completed }
        return descend(data, in: chain)
    }

    /// Runs the post callbacks that the request owes, bottom up. `chain` as for
    /// ``descend(_:in:)``.
    static func ascend(_ data: CallbackData, in chain: OperationChain) -> AscentOutcome {
        data.flags.insert(.postOperation)
        while let visit = data.descent.takeVisit() {
            if data.isChanged { data.restore(from: visit.node) }
            guard chain.withNode(visit.node, { runPost($0, visit, data) }) else {
                return .pended
            }
        }
        if data.isChanged { data.restore(from: 0) }
        data.refuseUnfinishedStatus()
        return .finished
    }

    /// False if the filter keeps the request. The rundown reference then stays until the filter
    /// gives the request back.
    private static func runPost(
        _ node: CallbackNode, _ visit: FilterDescent.Visit, _ data: CallbackData
    ) -> Bool {
        // A detach has called it and given the rundown reference back.
        if let promise = visit.promise, !node.instance.owed.claim(promise) { return true }
        if data.canBeUndone, data.hasSucceeded { data.succeededAt = node.instance }
        if node.hasPostOperation {
            node.instance.countPostCallback()
            let began = node.instance.times.begin()
            let result = node.postOperation(data, node.instance, visit.context)
            if began != 0 {
                node.instance.noteCallback(.postCallback, of: data.majorFunction, since: began)
            }
            if case .moreProcessingRequired = result {
                data.keptBy = node.instance
                data.keeper = RequestParking.Keeper(node.instance, .up)
                return false
            }
        }
        node.instance.rundown.leave()
        return true
    }

    /// Goes on after a post callback that kept the request.
    static func resumeAscent(_ data: CallbackData, in chain: OperationChain) -> AscentOutcome {
        data.keeper = nil
        data.keptBy.take()?.rundown.leave()
        return ascend(data, in: chain)
    }

    @inline(__always)
    private static func run(
        _ node: CallbackNode, _ data: CallbackData
    ) -> PreOperationResult {
        guard data.majorFunction == .fileSystemControl else {
            return node.preOperation(data, node.instance)
        }
        data.preOperationInstance = node.instance
        let result = node.preOperation(data, node.instance)
        // A pended request stays in its pre operation until the filter gives it back; until then
        // its members are the filter's.
        if case .pending = result { return result }
        data.preOperationInstance = nil
        return data.heedingVeto(result)
    }

    /// Applies a pre callback's result.
    private static func apply(
        _ result: PreOperationResult, of node: CallbackNode, at index: Int,
        _ data: CallbackData
    ) -> NodeOutcome {
        switch result {
        case .successWithCallback(let context):
            owePost(context, of: node, at: index, data)
            return .passed
        case .synchronize(let context):
            guard node.hasPostOperation else {
                node.instance.rundown.leave()
                return .passed
            }
            // Only this thread runs the post callback, so a detach waits for it.
            data.descent.expectPost(at: index, context, promise: nil)
            return .passed
        case .successNoCallback, .pending:
            node.instance.rundown.leave()
            return .passed
        case .complete:
            node.instance.rundown.leave()
            if data.majorFunction.reachesEveryLayer {
                data.ioStatus = .success
                return .passed
            }
            data.refuseUnfinishedStatus()
            return .completed
        }
    }

    /// Notes that the node's post callback must run, here or by a detach that does not wait.
    private static func owePost(
        _ context: CompletionContext, of node: CallbackNode, at index: Int,
        _ data: CallbackData
    ) {
        guard node.hasPostOperation else { return node.instance.rundown.leave() }
        if data.isChanged, let received = data.descent.change(at: index) {
            return owePost(context, of: node, at: index, data, as: received)
        }
        if let place = node.instance.owed.add(data, context) {
            return data.descent.expectPost(at: index, context, promise: place)
        }
        // The detach called the callbacks that it knew of; this pre callback was still running
        // then.
        drain(
            OwedPostOperations.Promise(data, data.parameters, context), of: node.instance,
            data.majorFunction)
    }

    /// The same for a node that changed the request: its post callback sees the request as the node
    /// received it.
    private static func owePost(
        _ context: CompletionContext, of node: CallbackNode, at index: Int,
        _ data: CallbackData, as received: ReceivedRequest
    ) {
        guard received.buffer === data.buffer else {
            // Only the callback itself copies the data read into the filter's buffer, so a detach
            // waits for it.
            return data.descent.expectPost(at: index, context, promise: nil)
        }
        let promise = OwedPostOperations.Promise(data, received.parameters, context)
        if let place = node.instance.owed.add(promise) {
            return data.descent.expectPost(at: index, context, promise: place)
        }
        drain(promise, of: node.instance, data.majorFunction)
    }

    /// Calls the post callbacks that a detached instance still owes, with copies of their requests
    /// (FLTFL_POST_OPERATION_DRAINING).
    static func drainPostOperations(of instance: FilterInstance) {
        for promise in instance.owed.takeAll() {
            drain(promise, of: instance, promise.parameters.majorFunction)
        }
    }

    private static func drain(
        _ promise: OwedPostOperations.Promise, of instance: FilterInstance,
        _ major: MajorFunction
    ) {
        defer { instance.rundown.leave() }
        let row = instance.filter.registration.operations.first { $0.majorFunction == major }
        guard let callback = row?.postOperation else { return }
        instance.countPostCallback()
        // The result has no use: the request is not here.
        _ = callback(CallbackData(draining: promise), instance, promise.context)
    }

    /// Completes a question about bypass with the veto that stands for the node's filter; nil if
    /// none stands.
    // Out of line: no read needs it.
    @inline(never)
    private static func standingVeto(of node: CallbackNode, _ data: CallbackData) -> NodeOutcome? {
        guard let veto = standingVeto(of: node.instance, data) else { return nil }
        guard node.instance.rundown.enter() else { return .passed }
        data.completeControl(with: veto)
        node.instance.noteStandingVeto()
        node.instance.rundown.leave()
        return .completed
    }

    /// The veto, at its altitude, of a filter that never opted in or has withdrawn bypass.
    private static func standingVeto(
        of instance: FilterInstance, _ data: CallbackData
    ) -> BypassVeto? {
        let isOptedIn = instance.filter.isOptedIn
        guard !isOptedIn || instance.withdrawn.isUsed, data.bypassIOQuestion != nil else {
            return nil
        }
        if !isOptedIn { return .notOptedIn(filter: instance.filter.name) }
        if Mutant.noStandingVeto.isPlanted { return nil }
        return data.fileObject.flatMap { instance.withdrawn.veto(of: $0.stream) }
    }
}
