import ControlInterface
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
    private let witness: DenialWitness?

    /// Throws a ``CommandError`` for a path that does not exist, cannot be reached, or is neither
    /// file nor directory.
    ///
    /// - Parameter witness: names a filter that denies the path; nil: one is had when it is needed.
    init(_ named: String, witness: DenialWitness? = nil) throws {
        self.named = named
        self.witness = witness
        guard !named.isEmpty, !named.utf8.contains(0) else {
            throw CommandError(.noInput, "The path is empty or holds a NUL: name a file.")
        }
        let path = ArgumentPath.path(named)
        resolved = try Self.resolve(path, named, witness)
        do throws(Errno) {
            let place = try SystemCall.open(resolved, .pathOnly)
            kind = FileTraits.Kind(mode: try SystemCall.status(of: place.descriptor).mode)
            topology = try StorageDiscovery().topology(of: place.descriptor)
        } catch {
            throw Self.error(named, error, at: path, witness)
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
            throw meaning(of: error)
        }
    }

    /// What it means that the path is there, and cannot be examined.
    func meaning(of error: Errno) -> CommandError {
        Self.error(named, error, at: resolved, witness)
    }

    private static func resolve(
        _ path: FilePath, _ named: String, _ witness: DenialWitness?
    ) throws -> FilePath {
        do throws(Errno) {
            return try SystemCall.realPath(path)
        } catch {
            throw Self.error(named, error, at: path, witness)
        }
    }

    /// The meaning of `error` for a path that the user wrote as `named`.
    static func error(
        _ named: String, _ error: Errno, at path: FilePath, _ witness: DenialWitness? = nil
    ) -> CommandError {
        switch error {
        case .noSuchFileOrDirectory where isLink(path):
            CommandError(.noInput, "\(named) is a link to something that does not exist.")
        case .noSuchFileOrDirectory:
            CommandError(.noInput, "\(named) does not exist: check the path.")
        case .notDirectory:
            CommandError(.noInput, "\(named) passes through something that is no directory.")
        case .permissionDenied, .notPermitted: denied(named, path, witness)
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

    private static func denied(
        _ named: String, _ path: FilePath, _ witness: DenialWitness?
    ) -> CommandError {
        let absolute = FilePath(ArgumentPath.absolute(path.string)).lexicallyNormalized()
        guard let filter = DenyingFilter(absolute, witness) else {
            let told =
                switch owner(of: absolute) {
                case nil:
                    "bypassio events says so, and bypassio why PATH --as PROGRAM names a rule."
                case 0: "root is told which, by bypassio why PATH --as USER."
                case let user?:
                    "root and user \(user) are told which, root by bypassio why PATH --as USER."
                }
            return CommandError(
                .noInput,
                "\(named) cannot be read: run as a user who may read it. Or a filter denies it: "
                    + told)
        }
        return CommandError(.noInput, "\(named) cannot be read: \(filter.words)")
    }

    /// The user whose mount of ours it is on; nil for one's own mounts, for root, and elsewhere.
    private static func owner(of path: FilePath) -> UInt32? {
        guard let mount = MountTable.current.entry(containing: path),
            mount.fileSystemType == "fuse.bypassio"
        else { return nil }
        let user = ControlClient.user(of: mount)
        return [0, user].contains(geteuid()) ? nil : user
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
