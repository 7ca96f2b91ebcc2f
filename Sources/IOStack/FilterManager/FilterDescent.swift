/// How far a request got down a chain, and who wants to see it come back.
///
/// Held by the request. Each node passed with a post callback to run holds a rundown reference of
/// its instance, so the instance outlives it.
struct FilterDescent {
    struct Visit {
        let node: CallbackNode
        let context: CompletionContext
    }

    let nodes: [CallbackNode]
    /// The next node on the way down.
    var next: Int
    /// Post callbacks still to run, the last one first.
    var visits: [Visit] = []

    init(_ chain: FilterChain, _ major: MajorFunction, below instance: FilterInstance?) {
        nodes = chain.nodes(for: major)
        if let instance {
            next = nodes.firstIndex { $0.instance.altitude < instance.altitude } ?? nodes.count
        } else {
            next = 0
        }
    }
}
