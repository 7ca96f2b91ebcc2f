public import FUSE
public import IOStack

/// Why a volume could not be mounted.
public enum VolumeMountError: Error, Sendable, CustomStringConvertible {
    /// The mount itself.
    case mount(MountError)
    /// A filter or the file system refused to open the volume's root.
    case root(IOFailure)

    public var description: String {
        switch self {
        case .mount(let error): error.description
        case .root(let failure):
            "The volume's root cannot be opened: \(failure). A filter or the file system refused."
        }
    }
}
