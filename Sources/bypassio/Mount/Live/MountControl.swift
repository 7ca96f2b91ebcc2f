import ControlInterface
import IOStack
import Logging
import SystemPackage
import Terminal

/// The control interface of a mount, from before the mount to its end.
final class MountControl: Sendable {
    private enum State {
        case nothing
        /// Clients may connect, and wait for the mount.
        case prepared(ControlSocket?, ControlPort?)
        case serving(ControlServer)
    }

    private let state = Guarded(State.nothing)
    private let socketPath = Guarded<FilePath?>(nil)
    /// nil: none was asked for.
    let port: ControlPort?
    private let executor: ControlExecutor?

    /// - Parameter port: is closed at the end.
    /// - Parameter executor: nil: nothing is ever served.
    init(port: ControlPort? = nil, _ executor: ControlExecutor? = nil) {
        self.port = port
        self.executor = executor
        if let port { state.withLock { $0 = .prepared(nil, port) } }
    }

    /// Makes the socket: whoever sees the mount finds it. Throws why there is none.
    func prepare(
        at place: ControlPlace, isSuccessor: Bool = false
    ) throws(ControlSocket.Failure) {
        let socket = try ControlSocket(place, isSuccessor: isSuccessor)
        state.withLock { $0 = .prepared(socket, port) }
        socketPath.withLock { $0 = place.path }
    }

    /// Where the socket is, once it is made.
    var path: FilePath? { socketPath.withLock { $0 } }

    /// Serves those who connected. Throws what a thread is refused with.
    func serve(_ volume: any ControlledVolume) throws {
        guard case .prepared(let socket, let port) = state.withLock({ $0 }), let executor else {
            return
        }
        let server = try ControlServer.start(socket, volume, port: port, on: executor)
        state.withLock { $0 = .serving(server) }
    }

    /// Removes the socket, and closes the port.
    func end() {
        let last = state.withLock { state in
            defer { state = .nothing }
            return state
        }
        switch last {
        case .nothing: break
        case .prepared(let socket, let port):
            socket?.remove()
            port?.close()
        case .serving(let server): server.end()
        }
    }
}

extension MountControl {
    /// Makes the control interface's socket; a mount without it serves as well.
    static func prepared(
        _ settings: MountSettings, _ port: ControlPort?,
        _ executor: ControlExecutor, _ log: ServiceLog
    ) -> MountControl {
        let control = MountControl(port: port, executor)
        control.prepare(settings, log, ArgumentPath.mountPoint(settings.mountPoint))
        return control
    }

    /// - Parameter mountPoint: absolute and without links.
    func prepare(
        _ settings: MountSettings, _ log: ServiceLog, _ mountPoint: FilePath,
        isSuccessor: Bool = false
    ) {
        if let port {
            log.logger.tell(
                .control, .info,
                "the control interface is at http://\(port.address), for who has the token")
        }
        guard let place = settings.control.place(of: mountPoint) else { return }
        do throws(ControlSocket.Failure) {
            try prepare(at: place, isSuccessor: isSuccessor)
            log.logger.tell(.control, .info, "the control interface is at \(place.path)")
        } catch {
            let words =
                "no control interface: \(error). Another place is named by -o control=PATH, "
                + "none by control=off."
            if log.destination != .standardError { log.logger.tell(.error, .warning, words) }
            StandardOutput.complain("bypassio: \(words.onOneLine)")
        }
    }
}

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

/// Where the control interface of a mount is on TCP, if anywhere (`-o control_tcp=`), and the file
/// with the token that it wants (`control_token_file=`).
struct ControlPortChoice {
    var address: ControlPort.Address?
    /// Absolute.
    var tokenFile: String?

    /// Takes the port, before anything is mounted; nil where none is wanted. Throws a
    /// ``CommandError`` for a port or a token that cannot be had, and for half of the settings.
    ///
    /// - Parameter inherited: the port that another process of the mount listens at.
    func open(inherited: Int32? = nil) throws -> ControlPort? {
        switch (address, tokenFile) {
        case (nil, nil): return nil
        case (nil, .some):
            throw CommandError(
                .usage, "control_token_file does nothing without control_tcp: add control_tcp=PORT."
            )
        case (.some(let address), nil):
            throw CommandError(
                .usage,
                "control_tcp=\(address.port) wants a token, because every user reaches a port: "
                    + "add control_token_file=FILE.")
        case (.some(let address), .some(let file)): return try Self.open(address, file, inherited)
        }
    }

    private static func open(
        _ address: ControlPort.Address, _ file: String, _ inherited: Int32?
    ) throws -> ControlPort {
        let token: ControlToken
        do throws(ControlToken.Failure) {
            token = try ControlToken(file: ArgumentPath.path(file))
        } catch {
            if case .unreadable = error {
                throw CommandError(.noInput, "control_token_file: \(error).")
            }
            throw CommandError(.usage, "control_token_file: \(error).")
        }
        do throws(ControlPort.Failure) {
            if let inherited { return try ControlPort(inherited: inherited, address, token) }
            return try ControlPort(address, token)
        } catch {
            let status: CommandStatus =
                if case .refused(_, .permissionDenied) = error {
                    .notPermitted
                } else {
                    .cannotCreate
                }
            throw CommandError(status, "control_tcp: \(error).")
        }
    }
}
