extension RouteDescription {
    /// The style sheet's class for its colour.
    var style: String {
        switch kind {
        case .native: "native"
        case .fio: "fio"
        case .inProcessBypass: "inprocess"
        case .inProcessTraditional: "stack"
        case .mountTraditional: filters == 0 ? "mount" : "mount8"
        case .mountServiceBypass: "service"
        case .mountKernel: filters == 0 ? "kernel" : "kernel8"
        case .peer: "peer"
        }
    }

    /// Whether its latencies are drawn. Only a few are: more lines cannot be told apart.
    var isDrawnAsCurve: Bool {
        switch kind {
        case .native, .inProcessBypass, .mountServiceBypass, .peer: true
        case .fio, .inProcessTraditional: false
        case .mountTraditional, .mountKernel: filters == 0 || filters == 8
        }
    }
}
