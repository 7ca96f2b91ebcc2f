import BypassIOProtocol
import ControlInterface
import Foundation
import Glibc
import LinuxKit
import SystemPackage
import Terminal

/// A guard from its start to the screen at its end.
///
/// The service has a mount namespace of its own, and for a user a user namespace, in which it is
/// root. There it mounts each directory elsewhere; it sees the directory itself uncovered, so that
/// it never waits for itself. The command gets a copy of the namespace, in which the mount is bound
/// over the directory: what the service unmounts stays covered there, and when the service is
/// gone, the command gets errors instead of unfiltered files.
///
/// util-linux's tools make the namespaces: they are single-threaded, as the kernel demands.
final class GuardSession {
    private let places: [GuardedDirectory]
    private let profiles: [String]
    private let timeout: Int
    private let isQuiet: Bool
    /// nil: only for the screen.
    private let record: FilePath?
    /// nil: nothing is kept to be taken back.
    private let undo: GuardUndo?
    /// Beside those of the guard, as the command line has them.
    private let filters: [String]
    private let isRoot = geteuid() == 0
    /// The number by which a user namespace shows users that it does not know.
    private static let nobody: UInt32 = 65534
    /// Of root's command, without those that lead past the mount: other views of the machine,
    /// files by their handles, other processes, devices.
    private static let kept =
        "-sys_admin,-sys_ptrace,-dac_read_search,-sys_module,-sys_rawio,-mknod,-perfmon,-bpf,"
        + "-checkpoint_restore"

    init(
        _ places: [GuardedDirectory], profiles: [String], timeout: Int, isQuiet: Bool,
        record: FilePath?, undo: GuardUndo?, filters: [String]
    ) {
        self.filters = filters
        self.record = record
        self.undo = undo
        self.places = places
        self.profiles = profiles
        self.timeout = timeout
        self.isQuiet = isQuiet
    }

    /// The command's exit code. Throws a ``CommandError`` where it does not come to run.
    func run(_ command: [String]) throws -> Int32 {
        for tool in ["unshare", "nsenter", "setpriv", "mount"]
        where ChildProcess.path(of: tool) == nil {
            throw CommandError(.unavailable, "\(tool) is missing: install util-linux.")
        }
        GuardProcess.keepEnds()
        guard geteuid() != Self.nobody else {
            throw CommandError(
                .unavailable,
                "User \(Self.nobody) cannot guard: in a user namespace that number stands for "
                    + "everybody else.")
        }
        let folder = try GuardFolder()
        var services: [GuardService] = []
        defer { for service in services.reversed() { service.end() } }
        for place in places {
            let service = try GuardService(
                place, folder.path.appending("\(services.count)"), inNamespacesOf: services.first,
                isRoot: isRoot, filters: [filter(for: place)] + filters, record: record,
                undo: undo.map { ($0, $0.session(services.count)) })
            services.append(service)
            try service.awaitMount()
        }
        guard let first = services.first else { return 0 }
        let code = try GuardProcess.run(
            entering(first) + covering(services, try controlFolder(folder.path))
                + wrapped(command))
        let screens = isQuiet ? [] : services.map { GuardScreen($0) }
        for service in services.reversed() { service.end() }
        for screen in screens { screen.show() }
        return code
    }

    private func filter(for place: GuardedDirectory) throws -> String {
        let separators =
            profiles + [
                place.path.string, record?.string ?? "", NSTemporaryDirectory(),
                undo?.store.string ?? "",
            ]
        guard !separators.contains(where: { $0.contains(",") }) else {
            throw CommandError(
                .usage,
                "A name with a comma cannot be guarded, nor be that of a profile, a record, "
                    + "the store of --undo or the folder for temporary files.")
        }
        let rules = profiles.map { ",profile=\($0)" }.joined()
        let answers = try Self.answers(of: place).map { ",answers=\($0.string)" } ?? ""
        return "policy\(rules),timeout=\(timeout)s\(answers)"
    }

    /// Where answers for good are kept; nil where this user has no place for them.
    private static func answers(of place: GuardedDirectory) throws -> FilePath? {
        guard let folder = StateFolder.own?.appending("answers"), !folder.string.contains(",")
        else { return nil }
        // A file that the command could write would be its own rules.
        guard !folder.starts(with: place.path) else { return nil }
        try? FileManager.default.createDirectory(
            atPath: folder.string, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
        let name = ControlPlace.name(of: place.path)
        return folder.appending(String(name.dropLast(".sock".count)))
    }

    /// In the service's namespaces.
    private func entering(_ service: GuardService) -> [String] {
        let user = isRoot ? [] : ["--user", "--preserve-credentials"]
        return ["nsenter", "--target", "\(service.process)"] + user + ["--mount", "--"]
    }

    /// What the command sees in place of this user's control interfaces, by which it could answer
    /// questions about itself, or take the filters away. Guards that it starts have theirs there.
    private func controlFolder(_ folder: FilePath) throws -> FilePath {
        let own = folder.appending("control")
        do throws(Errno) {
            try SystemCall.makeDirectory(own, mode: 0o700)
        } catch {
            throw CommandError(.cannotCreate, "\(own) cannot be made: \(error).")
        }
        return own
    }

    /// In a copy of the service's mount namespace, where the directories are covered. Binds are
    /// made by who made the mount: the user namespace of the command can take none away.
    private func covering(_ services: [GuardService], _ control: FilePath) -> [String] {
        let script = """
            while [ "$1" != -- ]; do mount --bind "$1" "$2" || exit 69; shift 2; done; shift
            exec "$@"
            """
        var binds = services.flatMap { [$0.mountPoint.string, $0.place.path.string] }
        if let place = services.first?.place.path {
            binds += [control.string, ControlPlace.own(place).directory.string]
        }
        // The command sees the sessions of guards that it starts itself, and no others.
        if let undo, let own = services.first?.undo {
            binds += [own.inner.string, undo.store.string]
        }
        return ["unshare", "--mount", "--propagation", "private", "--", "sh", "-c", script, "sh"]
            + binds + ["--"]
    }

    /// In a further copy of the namespaces, as this user, without what leads past the mount.
    private func wrapped(_ command: [String]) -> [String] {
        let here = FileManager.default.currentDirectoryPath
        let inner = ["sh", "-c", "cd \"$0\" && exec \"$@\"", here] + command
        guard isRoot else {
            return [
                "unshare", "--user", "--map-user=\(geteuid())", "--map-group=\(getegid())",
                "--mount", "--propagation", "private", "--",
            ] + inner
        }
        return [
            "unshare", "--mount", "--propagation", "private", "--", "setpriv",
            "--bounding-set=\(Self.kept)", "--inh-caps=\(Self.kept)", "--",
        ] + inner
    }
}
