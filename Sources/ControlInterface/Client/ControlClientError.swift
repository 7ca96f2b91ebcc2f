package import BypassIOProtocol
package import SystemPackage

/// Why a mount's control interface gave no answer, or refused.
package enum ControlClientError: Error, Sendable {
    /// Nothing of FUSE is mounted there.
    case notMounted
    /// The socket cannot be reached: ENOENT where there is none, ECONNREFUSED where its service is
    /// gone, EACCES where it is another user's.
    case unreachable(FilePath, Errno)
    /// The socket stands for another mount of that name, such as one of another mount namespace.
    case otherMount(FilePath)
    case late(FilePath)
    /// The service says so.
    case refused(ControlFault)
    /// What answers does not speak HTTP.
    case malformed(FilePath)

    /// In a sentence that says what to do.
    package func words(for name: String, user: UInt32?) -> String {
        switch self {
        case .notMounted:
            "\(name) is no bypassio mount: name a mount point (bypassio volumes lists them)."
        case .unreachable(let path, .noSuchFileOrDirectory), .unreachable(let path, .notDirectory):
            "The service of \(name) has no control interface at \(path): it was mounted with "
                + "control=off or control=PATH, or its log says why there is none."
        case .unreachable(let path, .connectionRefused):
            "The service of \(name) is gone, and left \(path) behind: unmount it with "
                + "bypassio umount \(name), then mount it again."
        case .unreachable(let path, .permissionDenied), .unreachable(let path, .notPermitted):
            "\(path) is \(user.map { "user \($0)'s" } ?? "another user's"): run as that user, or "
                + "as root."
        case .unreachable(let path, let errno): "\(path) cannot be reached: \(errno)."
        case .otherMount(let path):
            "\(path) belongs to another mount that is called \(name), such as one of another mount "
                + "namespace: mount it with control=PATH."
        case .late(let path):
            "The service of \(name) did not answer at \(path) in time: it is stopped, or hangs."
        case .refused(let fault): fault.message + (fault.advice.map { " " + $0 } ?? "")
        case .malformed(let path): "What answers at \(path) is no bypassio service."
        }
    }
}
