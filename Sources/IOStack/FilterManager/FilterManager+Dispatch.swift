import BypassIOProtocol

/// How far a request came on its way down.
enum DescentOutcome {
    /// Every filter let it pass: the file system is next.
    case reachedFileSystem
    /// A filter completed it.
    case completed
    /// A filter keeps it; go on with ``FilterManager/resumeDescent(_:with:)``.
    case pended
}

/// How far a request came on its way up.
enum AscentOutcome {
    case finished
    case pended
}

extension FilterManager {
    /// Runs pre callbacks from the request's place downward.
    static func descend(_ data: CallbackData) -> DescentOutcome {
        while true {
            guard let node = nextNode(data) else { return .reachedFileSystem }
            // The request may come while the instance is going away: then it is not there.
            guard node.instance.rundown.enter() else { continue }
            if let veto = FilterManager.standingVeto(of: node.instance, data) {
                data.completeControl(with: veto)
                node.instance.rundown.leave()
                return .completed
            }
            guard let callback = node.preOperation else {
                expectPost(data, node, .none)
                continue
            }
            data.preOperationInstance = node.instance
            node.instance.countPreCallback()
            let result = callback(data, node.instance)
            data.preOperationInstance = nil
            if case .pending = result { return .pended }
            if apply(result, of: node, to: data) { return .completed }
        }
    }

    /// Goes on after a pended pre callback.
    static func resumeDescent(
        _ data: CallbackData, with result: PreOperationResult
    ) -> DescentOutcome {
        guard let node = data.descent.current else { return .reachedFileSystem }
        if apply(result, of: node, to: data) { return .completed }
        return descend(data)
    }

    /// Runs the post callbacks the request owes, bottom up.
    static func ascend(_ data: CallbackData) -> AscentOutcome {
        data.flags.insert(.postOperation)
        while let visit = data.descent.takeVisit() {
            guard let callback = visit.node.postOperation else {
                visit.node.instance.rundown.leave()
                continue
            }
            visit.node.instance.countPostCallback()
            let result = callback(data, visit.node.instance, visit.context)
            if case .moreProcessingRequired = result {
                // The reference stays until the filter hands the request back.
                data.keptBy = visit.node.instance
                return .pended
            }
            visit.node.instance.rundown.leave()
        }
        return .finished
    }

    /// Goes on after a post callback that kept the request.
    static func resumeAscent(_ data: CallbackData) -> AscentOutcome {
        data.keptBy.take()?.rundown.leave()
        return ascend(data)
    }

    private static func nextNode(_ data: CallbackData) -> CallbackNode? {
        while !data.descent.isAtBottom {
            let node = data.descent.step()
            // Spec 6.10: flags of a row do not take back that the filter did not opt in.
            if !node.skips(data) || standingVeto(of: node.instance, data) != nil { return node }
        }
        return nil
    }

    /// Applies what a pre callback said; true when the request is completed.
    private static func apply(
        _ result: PreOperationResult, of node: CallbackNode, to data: CallbackData
    ) -> Bool {
        switch result {
        case .successWithCallback(let context), .synchronize(let context):
            expectPost(data, node, context)
            return false
        case .successNoCallback, .pending:
            node.instance.rundown.leave()
            return false
        case .complete:
            node.instance.rundown.leave()
            return true
        }
    }

    private static func expectPost(
        _ data: CallbackData, _ node: CallbackNode, _ context: CompletionContext
    ) {
        guard node.postOperation != nil else {
            node.instance.rundown.leave()
            return
        }
        data.descent.expectPost(node, context)
    }

    /// The veto of a filter that never opted in, given in its place in the stack.
    private static func standingVeto(
        of instance: FilterInstance, _ data: CallbackData
    ) -> BypassVeto? {
        guard !instance.filter.isOptedIn, data.bypassIOQuestion != nil else { return nil }
        return .notOptedIn(filter: instance.filter.name)
    }
}
