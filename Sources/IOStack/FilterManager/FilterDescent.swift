import DequeModule

/// How far a request got down a chain, and who wants to see it come back.
///
/// Held by the request. Each node passed with a post callback to run holds a rundown reference of
/// its instance, so the instance outlives it.
struct FilterDescent {
    struct Visit {
        let node: Int
        let context: CompletionContext
    }

    let chain: OperationChain
    /// The next node on the way down.
    private(set) var next = 0
    /// Post callbacks still to run, the last one first.
    private(set) var visits: [Visit] = []

    /// A request that nobody filters.
    init() {
        chain = .empty
    }

    /// From the top of the chain, or from below an instance.
    init(_ chain: FilterChain, _ major: MajorFunction, below instance: FilterInstance?) {
        self.chain = chain.operations(for: major)
        if let instance { next = self.chain.firstNode(below: instance.altitude) }
        visits.reserveCapacity(self.chain.nodes.count - next)
    }

    /// Steps onto the next node; nil at the bottom.
    mutating func step() -> Int? {
        guard next < chain.nodes.count else { return nil }
        defer { next += 1 }
        return next
    }

    /// The node that was stepped on last; nil before the first.
    var current: Int? { next > 0 ? next - 1 : nil }

    /// Keeps the node's rundown reference for its post callback, or gives it back if it has none.
    mutating func expectPost(
        _ node: borrowing CallbackNode, at index: Int, _ context: CompletionContext
    ) {
        guard node.postOperation != nil else { return node.instance.rundown.leave() }
        visits.append(Visit(node: index, context: context))
    }

    mutating func takeVisit() -> Visit? {
        visits.popLast()
    }
}
