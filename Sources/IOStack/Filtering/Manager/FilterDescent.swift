/// How far a request got down a chain, and which nodes want to see it come back.
///
/// Held by the request. Each visited node whose post callback is to run holds a rundown reference
/// of its instance. So the instance lives until the callback ran or a detach called it.
struct FilterDescent {
    struct Visit {
        let node: Int
        let context: CompletionContext
        /// Where the instance noted that it owes the callback; nil if only this thread may call it.
        let promise: Int32?
    }

    /// nil: no filter has callbacks for the request.
    private(set) var chain: OperationChain?
    /// The next node on the way down.
    private(set) var next = 0
    /// Post callbacks still to run, the last one first.
    private(set) var visits: [Visit] = []

    /// The changes of pre callbacks, the last one last.
    private var changes: [(node: Int, received: ReceivedRequest)] = []

    /// Begins at the top of the chain, or below an instance. Keeps the memory of an earlier
    /// descent.
    mutating func begin(_ chain: OperationChain, below instance: FilterInstance?) {
        assert(visits.isEmpty)
        self.chain = chain
        next = if let instance { chain.firstNode(below: instance.altitude) } else { 0 }
    }

    /// Lets go of the chain, which would keep its instances alive.
    mutating func finish() {
        assert(visits.isEmpty && changes.isEmpty)
        chain = nil
        next = 0
    }

    /// Steps onto the next node; nil at the bottom.
    mutating func step(in chain: OperationChain) -> Int? {
        guard next < chain.count else { return nil }
        defer { next += 1 }
        return next
    }

    /// The node that was stepped on last; nil before the first.
    var current: Int? { next > 0 ? next - 1 : nil }

    /// The instance of that node.
    var instance: FilterInstance? {
        guard let chain, let current else { return nil }
        return chain.withNode(current) { $0.instance }
    }

    /// The node's post callback will run; the node keeps its rundown reference until then.
    mutating func expectPost(at index: Int, _ context: CompletionContext, promise: Int32?) {
        if let chain, visits.isEmpty { visits.reserveCapacity(chain.count) }
        visits.append(Visit(node: index, context: context, promise: promise))
    }

    mutating func takeVisit() -> Visit? {
        visits.popLast()
    }

    mutating func noteChange(at index: Int, _ received: ReceivedRequest) {
        changes.append((index, received))
    }

    mutating func takeChange(from index: Int) -> ReceivedRequest? {
        guard let last = changes.last, last.node >= index else { return nil }
        changes.removeLast()
        return last.received
    }

    /// The request as it came; nil if no filter changed it.
    var firstChange: ReceivedRequest? { changes.first?.received }

    /// The request as the node received it; nil if the node changed nothing.
    func change(at index: Int) -> ReceivedRequest? {
        guard let last = changes.last, last.node == index else { return nil }
        return last.received
    }
}
