import Glibc
import HostFileSystem
import LinuxKit
import SystemPackage

/// A path from the user, looked up once: its real place and what is there. It does not open the
/// file, because on a mount that would change the answer.
struct HostPath {
    /// In the user's spelling.
    let named: String
    /// Without links.
    let resolved: FilePath
    let kind: FileTraits.Kind
    let topology: StorageTopology

    /// Throws a ``CommandError`` for a path that does not exist, cannot be reached, or is neither
    /// file nor directory.
    init(_ named: String) throws {
        self.named = named
        guard !named.isEmpty, !named.utf8.contains(0) else {
            throw CommandError(.noInput, "The path is empty or holds a NUL: name a file.")
        }
        let path = ArgumentPath.path(named)
        resolved = try Self.resolve(path, named)
        do throws(Errno) {
            let place = try SystemCall.open(resolved, .pathOnly)
            kind = FileTraits.Kind(mode: try SystemCall.status(of: place.descriptor).mode)
            topology = try StorageDiscovery().topology(of: place.descriptor)
        } catch {
            throw Self.error(named, error, at: path)
        }
        switch kind {
        case .regular, .directory: break
        case let other:
            throw CommandError(
                .noInput,
                "\(named) is \(Self.words(for: other)): name a file, a directory or a mount point.")
        }
    }

    /// Whether the path is a mount point, which stands for its volume.
    var isMountPoint: Bool {
        topology.mount?.mountPoint == resolved && kind == .directory
    }

    /// Everything that the host reports of it; opens the file.
    func inspect() throws -> HostInspection {
        do throws(Errno) {
            return try HostInspection.read(at: resolved, flushing: false)
        } catch {
            throw Self.error(named, error, at: resolved)
        }
    }

    private static func resolve(_ path: FilePath, _ named: String) throws -> FilePath {
        do throws(Errno) {
            return try SystemCall.realPath(path)
        } catch {
            throw Self.error(named, error, at: path)
        }
    }

    /// The meaning of `error` for a path that the user wrote as `named`.
    static func error(_ named: String, _ error: Errno, at path: FilePath) -> CommandError {
        switch error {
        case .noSuchFileOrDirectory where isLink(path):
            CommandError(.noInput, "\(named) is a link to something that does not exist.")
        case .noSuchFileOrDirectory:
            CommandError(.noInput, "\(named) does not exist: check the path.")
        case .notDirectory:
            CommandError(.noInput, "\(named) passes through something that is no directory.")
        case .permissionDenied, .notPermitted: denied(named, path)
        case .tooManySymbolicLinkLevels:
            CommandError(.noInput, "\(named) is a loop of links: mend the links.")
        case .fileNameTooLong:
            CommandError(.noInput, "The path is longer than this system allows: shorten it.")
        case .socketNotConnected, .connectionAbort:
            CommandError(
                .noInput,
                "The service of \(named) is gone (\"\(error)\"): unmount it with bypassio umount "
                    + "\(mountPoint(of: path) ?? "MOUNTPOINT"), then mount it again.")
        default:
            CommandError(.noInput, "\(named) cannot be examined: \(error).")
        }
    }

    private static func denied(_ named: String, _ path: FilePath) -> CommandError {
        let absolute = FilePath(ArgumentPath.absolute(path.string)).lexicallyNormalized()
        guard let filter = DenyingFilter(absolute) else {
            return CommandError(
                .noInput,
                "\(named) cannot be read: run as a user who may read it. Or a filter denies it: "
                    + "bypassio events says so, and bypassio why PATH --as PROGRAM names a rule.")
        }
        return CommandError(.noInput, "\(named) cannot be read: \(filter.words)")
    }

    /// The mount point of an absolute or relative path, without a request to the mount.
    private static func mountPoint(of path: FilePath) -> String? {
        let absolute = FilePath(ArgumentPath.absolute(path.string)).lexicallyNormalized()
        return (try? MountTable())?.entries.map(\.mountPoint)
            .filter { absolute.starts(with: $0) }
            .max { $0.components.count < $1.components.count }?.string
    }

    private static func isLink(_ path: FilePath) -> Bool {
        var status = stat()
        return unsafe path.withPlatformString { unsafe lstat($0, &status) } == 0
            && status.st_mode & S_IFMT == S_IFLNK
    }

    private static func words(for kind: FileTraits.Kind) -> String {
        switch kind {
        case .regular: "a file"
        case .directory: "a directory"
        case .symbolicLink: "a symbolic link"
        case .fifo: "a FIFO"
        case .socket: "a socket"
        case .characterDevice: "a character device"
        case .blockDevice: "a block device"
        case .unknown: "something of an unknown type"
        }
    }
}
