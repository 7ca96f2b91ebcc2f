/// How far a request got down a chain, and who wants to see it come back.
///
/// Held by the request. Each node passed with a post callback to run holds a rundown reference of
/// its instance, so the instance outlives it.
struct FilterDescent {
    struct Visit {
        let node: CallbackNode
        let context: CompletionContext
    }

    private(set) var nodes: [CallbackNode] = []
    /// The next node on the way down.
    private(set) var next = 0
    /// Post callbacks still to run, the last one first.
    private(set) var visits: [Visit] = []

    /// A request that nobody filters.
    init() {}

    /// From the top of the chain, or from below an instance.
    init(_ chain: FilterChain, _ major: MajorFunction, below instance: FilterInstance?) {
        nodes = chain.nodes(for: major)
        if let instance {
            next = nodes.firstIndex { $0.instance.altitude < instance.altitude } ?? nodes.count
        }
        visits.reserveCapacity(nodes.count - next)
    }

    var isAtBottom: Bool { next == nodes.count }

    /// Steps onto the next node. Not at the bottom.
    mutating func step() -> CallbackNode {
        defer { next += 1 }
        return nodes[next]
    }

    /// The node that was stepped on last; nil before the first.
    var current: CallbackNode? { next > 0 ? nodes[next - 1] : nil }

    mutating func expectPost(_ node: CallbackNode, _ context: CompletionContext) {
        visits.append(Visit(node: node, context: context))
    }

    mutating func takeVisit() -> Visit? {
        visits.popLast()
    }
}
