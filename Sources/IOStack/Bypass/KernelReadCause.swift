/// Why the kernel's reads of a file have to ask the stack; tools print it.
public enum KernelReadCause: Sendable, Equatable, CustomStringConvertible {
    /// What keeps bypassed reads of the service on the traditional route, too.
    case traditional(TraditionalCause)
    /// This filter wants to be asked for each, or never agreed to such reads.
    case filter(String)
    /// VOLUME_STACK_PAUSE is in force.
    case volumeStackPaused
    /// A volume or storage driver refuses.
    case volumeDriverRefuses
    /// A DISABLE came for one of the handles.
    case disabled

    /// In words, to follow "because".
    public var description: String {
        switch self {
        case .traditional(let cause): cause.description
        case .filter(let name): "the filter \(name) is asked for each read"
        case .volumeStackPaused: "the volume stack's bypass is paused"
        case .volumeDriverRefuses: "a volume or storage driver refuses"
        case .disabled: "bypass was disabled on a handle that the kernel reads for"
        }
    }
}
