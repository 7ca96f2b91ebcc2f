import DequeModule

/// The callbacks of one major function, top to bottom. Immutable, so requests may share it.
final class OperationChain: @unchecked Sendable {
    let nodes: RigidDeque<CallbackNode>

    static let empty = OperationChain([], .create)

    /// The rows of `instances`, which are sorted, for `major`.
    ///
    /// A filter that did not opt in stands in the way of file-system controls even without a
    /// callback of its own for them: the filter manager vetoes in its name.
    init(_ instances: [FilterInstance], _ major: MajorFunction) {
        var nodes = RigidDeque<CallbackNode>(capacity: instances.count)
        for instance in instances {
            let row = instance.filter.registration.operations.first { $0.majorFunction == major }
            let vetoes = major == .fileSystemControl && !instance.filter.isOptedIn
            guard row?.preOperation != nil || row?.postOperation != nil || vetoes else { continue }
            nodes.append(
                CallbackNode(
                    instance: instance, flags: row?.flags ?? [], preOperation: row?.preOperation,
                    postOperation: row?.postOperation))
        }
        self.nodes = nodes
    }

    var isEmpty: Bool { nodes.isEmpty }

    /// The first node below an altitude; the count of nodes if none is.
    func firstNode(below altitude: Altitude) -> Int {
        var index = 0
        while index < nodes.count, nodes[index].instance.altitude >= altitude { index += 1 }
        return index
    }
}
