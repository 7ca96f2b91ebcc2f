import BypassIOProtocol
import Foundation
import Glibc
import LinuxKit
package import SystemPackage

/// The socket that a control interface listens at, for its user and root alone.
package final class ControlSocket: Sendable {
    /// Why it cannot be had.
    package enum Failure: Error, Sendable, CustomStringConvertible {
        /// The directory is somebody else's, or others may write to it.
        case foreignDirectory(FilePath)
        /// The service of another mount answers there.
        case taken(FilePath)
        /// What is there is no socket.
        case occupied(FilePath)
        case refused(FilePath, Errno)

        package var description: String {
            switch self {
            case .foreignDirectory(let path):
                "\(path) must be a directory of this user that others may not write to"
            case .taken(let path): "another service answers at \(path)"
            case .occupied(let path): "\(path) is there and is no socket"
            case .refused(let path, let errno): "\(path): \(errno)"
            }
        }
    }

    package let path: FilePath
    private let owned: OwnedDescriptor
    private let directory: OwnedDescriptor
    private let name: FilePath
    /// Of the socket's file, so that a successor's is left alone.
    private let inode: UInt64

    private static let backlog: Int32 = 4096
    /// In which a service gives its socket its name.
    private static let draftSeconds: Int64 = 60

    /// Makes it, in place of one whose service is gone.
    ///
    /// It gets its name when it is ready, in one step. Of two services that begin at the same
    /// moment for one mount point the later has the name.
    ///
    /// - Parameter isSuccessor: another process of the same mount has the name, and is about to
    ///   end.
    package init(_ place: ControlPlace, isSuccessor: Bool = false) throws(Failure) {
        path = place.path
        name = FilePath(place.name)
        let directory = try Self.directory(place)
        let draft = FilePath(".\(getpid()).new")
        do throws(Errno) {
            let socket = try SystemCall.streamSocket(waits: false)
            inode = try Self.listen(socket.descriptor, as: draft, place, directory.descriptor)
            owned = socket
        } catch {
            throw .refused(place.path, error)
        }
        if !isSuccessor, let obstacle = Self.obstacle(place, directory.descriptor) {
            try? SystemCall.unlink(draft, at: directory.descriptor)
            throw obstacle
        }
        do throws(Errno) {
            try SystemCall.rename(
                draft, at: directory.descriptor, to: name, at: directory.descriptor)
        } catch {
            try? SystemCall.unlink(draft, at: directory.descriptor)
            throw .refused(place.path, error)
        }
        self.directory = directory
        if place.isUsual { Self.sweep(place) }
    }

    /// Has the socket take connections, under this name and of its user alone; its inode number.
    private static func listen(
        _ socket: FileDescriptor, as draft: FilePath, _ place: ControlPlace,
        _ directory: FileDescriptor
    ) throws(Errno) -> UInt64 {
        // Of a process of that number that is long gone.
        try? SystemCall.unlink(draft, at: directory)
        try SystemCall.bind(socket, to: reachable(draft, place, directory))
        do throws(Errno) {
            // Nobody connects to what does not listen yet.
            let file = try SystemCall.open(draft, at: directory, [.pathOnly, .noFollow])
            try SystemCall.changeMode(of: file.descriptor, to: 0o600)
            let inode = try SystemCall.status(of: file.descriptor).inode
            try SystemCall.listen(socket, backlog: backlog)
            return inode
        } catch {
            try? SystemCall.unlink(draft, at: directory)
            throw error
        }
    }

    /// Ends what waits at it, and takes its name away, if that is still its own.
    package func remove() {
        let there = try? SystemCall.status(
            of: name, at: directory.descriptor, followingLinks: false)
        if there?.inode == inode { try? SystemCall.unlink(name, at: directory.descriptor) }
        SystemCall.shutDown(descriptor)
    }

    /// The directory, made if it is not there, and held, so that nobody puts another in its place.
    private static func directory(_ place: ControlPlace) throws(Failure) -> OwnedDescriptor {
        do throws(Errno) {
            if place.isUsual {
                do throws(Errno) {
                    try SystemCall.makeDirectory(
                        place.directory, mode: geteuid() == 0 ? 0o755 : 0o700)
                } catch {
                    if error != .fileExists { throw error }
                }
            }
            let flags: OpenFlags = place.isUsual ? [.directory, .noFollow] : [.directory]
            let opened = try SystemCall.open(place.directory, flags.union(.pathOnly))
            guard place.isUsual else { return opened }
            let status = try SystemCall.status(of: opened.descriptor)
            if status.user == geteuid(), status.mode & 0o022 == 0 { return opened }
        } catch {
            if error == .notDirectory || error == .tooManySymbolicLinkLevels {
                throw .foreignDirectory(place.directory)
            }
            throw .refused(place.directory, error)
        }
        throw .foreignDirectory(place.directory)
    }

    /// Removes what services that were killed left in the directory. One that comes up meanwhile
    /// listens before it has its name.
    private static func sweep(_ place: ControlPlace) {
        let names = try? FileManager.default.contentsOfDirectory(atPath: place.directory.string)
        for name in names ?? [] where isDraftOfTheDead(name, in: place.directory) {
            try? SystemCall.unlink(place.directory.appending(name))
        }
        for name in names ?? [] where name.hasSuffix(".sock") && name != place.name {
            let path = place.directory.appending(name)
            guard let probe = try? SystemCall.streamSocket(waits: false) else { return }
            do throws(Errno) {
                try SystemCall.connect(probe.descriptor, to: path)
            } catch {
                if error == .connectionRefused { try? SystemCall.unlink(path) }
            }
        }
    }

    /// A socket that has not got its name, of a process that was killed before. The process may be
    /// of another namespace, and be nobody here: it is left its time.
    private static func isDraftOfTheDead(_ name: String, in directory: FilePath) -> Bool {
        guard name.hasPrefix("."), name.hasSuffix(".new"),
            let process = Int32(name.dropFirst().dropLast(4)), process > 0,
            kill(process, 0) != 0, errno == ESRCH,
            let status = try? SystemCall.status(
                of: directory.appending(name), followingLinks: false)
        else { return false }
        let age = WallTime.now.nanoseconds / 1_000_000_000 - status.modified.seconds
        return age > draftSeconds
    }

    /// What of another has the name; nil for nothing, a dead service's socket, and that of a mount
    /// that has left the name space.
    private static func obstacle(_ place: ControlPlace, _ directory: FileDescriptor) -> Failure? {
        let name = FilePath(place.name)
        guard let status = try? SystemCall.status(of: name, at: directory, followingLinks: false)
        else { return nil }
        guard UInt32(status.mode) & S_IFMT == S_IFSOCK else { return .occupied(place.path) }
        let client = ControlClient(socket: place.path, patience: .seconds(2))
        do throws(ControlClientError) {
            let service: ServiceReport = try client.get("/v1/service")
            return service.isMounted ? .taken(place.path) : nil
        } catch {
            guard case .unreachable(_, let errno) = error else { return .taken(place.path) }
            return errno == .connectionRefused || errno == .noSuchFileOrDirectory
                ? nil : .taken(place.path)
        }
    }

    /// A path of 107 bytes at most that leads there.
    static func reachable(
        _ name: FilePath, _ place: ControlPlace, _ directory: FileDescriptor
    ) -> FilePath {
        let path = place.directory.appending(name.components)
        return path.string.utf8.count < 108
            ? path : SystemCall.magicLink(of: directory).appending(name.components)
    }
}

extension ControlSocket: ControlDoor {
    var descriptor: FileDescriptor { owned.descriptor }
    var threadName: String { "control socket" }
    var knowsItsClients: Bool { true }

    func refusal(of client: FileDescriptor) -> ControlFault? {
        guard let peer = try? SystemCall.peer(of: client) else {
            return ControlFault(403, "wrong-user", "It cannot be told who asks.")
        }
        let owner = geteuid()
        guard peer.user != owner, peer.user != 0 else { return nil }
        return ControlFault(
            403, "wrong-user", "User \(peer.user) may not control a mount of user \(owner).",
            advice: "Ask as that user, or as root.")
    }

    /// Who may connect may do all.
    func refusal(of request: RequestHead) -> ControlFault? { nil }

    func close() { remove() }
}
