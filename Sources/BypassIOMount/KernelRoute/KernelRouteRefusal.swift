internal import IOStack
internal import SystemPackage

/// Why the kernel does not read a file itself for a handle.
enum KernelRouteRefusal: Sendable, CustomStringConvertible {
    case notOffered
    case mayWrite
    case small
    case openThroughCache
    case fewDescriptors
    case veto(BypassVeto)
    case kernel(Errno)

    var description: String {
        switch self {
        case .notOffered: "the machine does not offer it"
        case .mayWrite: "it was not opened for reading alone"
        case .small: "it is small"
        case .openThroughCache: "somebody has the file open through the kernel's page cache"
        case .fewDescriptors: "the service has few descriptors left"
        case .veto(let veto): "\(veto.driver) refuses: \(veto.reason)"
        case .kernel(let error): "the kernel refuses (errno \(error.rawValue))"
        }
    }
}
