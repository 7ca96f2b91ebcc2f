import ControlInterface
import SystemPackage

/// Where the control interface of a mount is, if anywhere.
enum ControlChoice {
    /// Where the mount's user has those of his mounts.
    case usual
    case off
    /// Absolute.
    case at(FilePath)

    /// `on`, `off` or a path.
    init(_ text: String) {
        switch text {
        case "on": self = .usual
        case "off": self = .off
        default: self = .at(FilePath(ArgumentPath.absolute(text)))
        }
    }

    /// Of what is mounted at an absolute path without links.
    func place(of mountPoint: FilePath) -> ControlPlace? {
        switch self {
        case .usual: ControlPlace.own(mountPoint)
        case .off: nil
        case .at(let path): ControlPlace(path: path)
        }
    }
}
