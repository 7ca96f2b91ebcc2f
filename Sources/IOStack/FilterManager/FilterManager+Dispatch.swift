import DequeModule

extension FilterManager {
    /// Runs pre callbacks from the request's place downward.
    static func descend(_ data: CallbackData) -> DescentOutcome {
        // Taken out while callbacks run: a class's member is checked for exclusive access at every
        // touch, and nobody but the carrier looks at this one.
        var descent = FilterDescent()
        swap(&descent, &data.descent)
        defer { swap(&descent, &data.descent) }
        let chain = descent.chain
        while let index = descent.step() {
            switch visit(chain.nodes[index], at: index, data, &descent) {
            case .passed: continue
            case .completed: return .completed
            case .pended: return .pended
            }
        }
        return .reachedFileSystem
    }

    private static func visit(
        _ node: borrowing CallbackNode, at index: Int, _ data: CallbackData,
        _ descent: inout FilterDescent
    ) -> NodeOutcome {
        let veto = standingVeto(of: node.instance, data)
        // Spec 6.10: flags of a row do not take back that the filter did not opt in.
        if veto == nil, node.skips(data) { return .passed }
        // The request may come while the instance is going away: then it is not there.
        guard node.instance.rundown.enter() else { return .passed }
        if let veto {
            data.completeControl(with: veto)
            node.instance.rundown.leave()
            return .completed
        }
        guard let callback = node.preOperation else {
            descent.expectPost(node, at: index, .none)
            return .passed
        }
        node.instance.countPreCallback()
        let result = run(callback, data, node.instance)
        if case .pending = result { return .pended }
        return apply(result, of: node, at: index, to: &descent)
    }

    /// Goes on after a pended pre callback.
    static func resumeDescent(
        _ data: CallbackData, with result: PreOperationResult
    ) -> DescentOutcome {
        data.preOperationInstance = nil
        let chain = data.descent.chain
        guard let index = data.descent.current else { return .reachedFileSystem }
        let outcome = apply(result, of: chain.nodes[index], at: index, to: &data.descent)
        if case .completed = outcome { return .completed }
        return descend(data)
    }

    /// Runs the post callbacks the request owes, bottom up.
    static func ascend(_ data: CallbackData) -> AscentOutcome {
        data.flags.insert(.postOperation)
        var descent = FilterDescent()
        swap(&descent, &data.descent)
        defer { swap(&descent, &data.descent) }
        let chain = descent.chain
        while let visit = descent.takeVisit() {
            guard runPost(chain.nodes[visit.node], visit.context, data) else { return .pended }
        }
        return .finished
    }

    /// False if the filter keeps the request: its rundown reference stays until it is handed back.
    private static func runPost(
        _ node: borrowing CallbackNode, _ context: CompletionContext, _ data: CallbackData
    ) -> Bool {
        if let callback = node.postOperation {
            node.instance.countPostCallback()
            if case .moreProcessingRequired = callback(data, node.instance, context) {
                data.keptBy = node.instance
                return false
            }
        }
        node.instance.rundown.leave()
        return true
    }

    /// Goes on after a post callback that kept the request.
    static func resumeAscent(_ data: CallbackData) -> AscentOutcome {
        data.keptBy.take()?.rundown.leave()
        return ascend(data)
    }

    @inline(__always)
    private static func run(
        _ callback: PreOperationCallback, _ data: CallbackData, _ instance: FilterInstance
    ) -> PreOperationResult {
        guard data.majorFunction == .fileSystemControl else { return callback(data, instance) }
        data.preOperationInstance = instance
        let result = callback(data, instance)
        // A pended request stays in its pre operation, and is not ours, until it is handed back.
        if case .pending = result { return result }
        data.preOperationInstance = nil
        return result
    }

    /// Applies what a pre callback said.
    private static func apply(
        _ result: PreOperationResult, of node: borrowing CallbackNode, at index: Int,
        to descent: inout FilterDescent
    ) -> NodeOutcome {
        switch result {
        case .successWithCallback(let context), .synchronize(let context):
            descent.expectPost(node, at: index, context)
            return .passed
        case .successNoCallback, .pending:
            node.instance.rundown.leave()
            return .passed
        case .complete:
            node.instance.rundown.leave()
            return .completed
        }
    }

    /// The veto of a filter that never opted in, given in its place in the stack.
    private static func standingVeto(
        of instance: FilterInstance, _ data: CallbackData
    ) -> BypassVeto? {
        guard !instance.filter.isOptedIn, data.bypassIOQuestion != nil else { return nil }
        return .notOptedIn(filter: instance.filter.name)
    }
}
