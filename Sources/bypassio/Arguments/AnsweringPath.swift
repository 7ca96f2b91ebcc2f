import FUSE
import SystemPackage

extension ArgumentPath {
    /// The path of an argument, once what lies there has answered. A file whose service hangs would
    /// block this process for ever, even against SIGKILL. Throws a ``CommandError``.
    static func answering(_ argument: String) throws -> FilePath {
        let path = path(argument)
        guard ServiceQuestion.status(of: path, within: .seconds(5)) == .timedOut else {
            return path
        }
        throw CommandError(
            .inUse,
            "\(argument) did not answer within 5 seconds: the service of its mount is stopped, or what "
                + "it reads does not answer. bypassio umount --force MOUNTPOINT ends such a mount.")
    }
}
