/// Why the kernel's reads of a file have to ask the stack. Tools print it.
public enum KernelReadCause: Sendable, Equatable, CustomStringConvertible {
    /// A cause that also keeps the service's own reads on the traditional route.
    case traditional(TraditionalCause)
    /// The filter wants to be asked about each read, or never agreed to kernel reads.
    case filter(String)
    /// VOLUME_STACK_PAUSE is in force.
    case volumeStackPaused
    /// A volume or storage driver refuses.
    case volumeDriverRefuses
    /// A DISABLE came for a handle that the kernel reads for.
    case disabled

    /// The cause in words, to follow "because".
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
