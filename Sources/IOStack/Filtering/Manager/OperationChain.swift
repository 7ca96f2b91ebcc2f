/// The callbacks of one major function, top to bottom. Immutable, so requests may share it.
final class OperationChain: Sendable {
    private let nodes: [CallbackNode]

    /// The rows of `instances`, which are sorted, for `major`.
    ///
    /// A filter that did not opt in, or that has withdrawn bypass, has a node for file-system
    /// controls even without a callback for them: the filter manager vetoes in its name.
    init(_ instances: [FilterInstance], _ major: MajorFunction) {
        var nodes: [CallbackNode] = []
        for instance in instances {
            let row = instance.filter.registration.operations.first { $0.majorFunction == major }
            let isControl = major == .fileSystemControl
            let vetoes = isControl && (!instance.filter.isOptedIn || instance.withdrawn.isUsed)
            guard row?.preOperation != nil || row?.postOperation != nil || vetoes else { continue }
            nodes.append(
                CallbackNode(
                    instance: instance, flags: row?.flags ?? [], preOperation: row?.preOperation,
                    postOperation: row?.postOperation, mayVeto: isControl))
        }
        self.nodes = nodes
    }

    var isEmpty: Bool { nodes.isEmpty }

    func passes(_ instance: FilterInstance) -> Bool { nodes.contains { $0.instance === instance } }

    var count: Int { nodes.count }

    /// Lends a node. The chain keeps the node, and the request the chain, so no reference is
    /// counted.
    @inline(__always)
    func withNode<R>(_ index: Int, _ body: (CallbackNode) -> R) -> R {
        unsafe Unmanaged.passUnretained(nodes[index])._withUnsafeGuaranteedRef(body)
    }

    /// The first node below an altitude; the count of nodes if there is none.
    func firstNode(below altitude: Altitude) -> Int {
        nodes.firstIndex { $0.instance.altitude < altitude } ?? nodes.count
    }
}
