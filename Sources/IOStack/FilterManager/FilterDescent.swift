import DequeModule

/// How far a request got down a chain, and who wants to see it come back.
///
/// Held by the request. Each node passed with a post callback to run holds a rundown reference of
/// its instance, so the instance outlives it, until the callback ran or a detach called it.
struct FilterDescent {
    struct Visit {
        let node: Int
        let context: CompletionContext
        /// Where the instance noted that it owes the callback; nil if only this thread may call it.
        let promise: Int32?
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

    /// The node's post callback is to run; its rundown reference is kept until then.
    mutating func expectPost(at index: Int, _ context: CompletionContext, promise: Int32?) {
        visits.append(Visit(node: index, context: context, promise: promise))
    }

    mutating func takeVisit() -> Visit? {
        visits.popLast()
    }
}
