/// The callbacks of one major function, top to bottom. Immutable, so requests may share it.
final class OperationChain: Sendable {
    private let nodes: [CallbackNode]

    /// The rows of `instances`, which are sorted, for `major`.
    ///
    /// A filter that did not opt in, or that has withdrawn bypass, stands in the way of file-system
    /// controls even without a callback of its own for them: the filter manager vetoes in its name.
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

    /// Lends a node. The chain keeps it, and the request the chain: nothing is counted.
    @inline(__always)
    func withNode<R>(_ index: Int, _ body: (CallbackNode) -> R) -> R {
        unsafe Unmanaged.passUnretained(nodes[index])._withUnsafeGuaranteedRef(body)
    }

    /// The first node below an altitude; the count of nodes if none is.
    func firstNode(below altitude: Altitude) -> Int {
        nodes.firstIndex { $0.instance.altitude < altitude } ?? nodes.count
    }
}
