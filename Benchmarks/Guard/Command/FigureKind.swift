/// A quantity that the guard counts, per operation of a route.
enum FigureKind: String, CaseIterable {
    /// Instructions of the process, as callgrind executes them.
    case instructions
    case allocations
    /// Retains that the program's code asks for.
    case retains
    /// Messages of the kernel to the service, of any opcode.
    case requests
    /// System calls of the service.
    case serviceCalls = "service-calls"
    /// System calls of the program on the mount.
    case clientCalls = "client-calls"
    /// How often the service and the program together wait, so that another thread runs.
    case switches

    /// The tolerance of a figure that has no line yet.
    func tolerance(of value: Double) -> Tolerance {
        switch self {
        case .instructions: .percent(3)
        case .allocations: .absolute(0.02)
        case .retains: .absolute(0.5)
        case .requests: .absolute(0.25)
        case .serviceCalls: .absolute(0.75)
        case .clientCalls: .absolute(0.05)
        // The scheduler influences switches.
        case .switches: .absolute(max(0.5, (value * 4).rounded(.up) / 10))
        }
    }
}
