import ControlInterface
import IOStack
import Logging
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
    /// nil: none was asked for.
    let port: ControlPort?

    /// - Parameter port: is closed at the end.
    init(port: ControlPort? = nil) {
        self.port = port
        if let port { state.withLock { $0 = .prepared(nil, port) } }
    }

    /// Makes the socket: whoever sees the mount finds it. Throws why there is none.
    func prepare(at place: ControlPlace) throws(ControlSocket.Failure) {
        let socket = try ControlSocket(place)
        state.withLock { $0 = .prepared(socket, port) }
    }

    /// Serves those who connected. Throws what a thread is refused with.
    func serve(_ volume: any ControlledVolume) throws {
        guard case .prepared(let socket, let port) = state.withLock({ $0 }) else { return }
        let server = try ControlServer.start(socket, volume, port: port)
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
        _ settings: MountSettings, _ port: ControlPort?, _ log: ServiceLog
    ) -> MountControl {
        let control = MountControl(port: port)
        if let port {
            log.logger.tell(
                .control, .info,
                "the control interface is at http://\(port.address), for who has the token")
        }
        let mountPoint = ArgumentPath.mountPoint(settings.mountPoint)
        guard let place = settings.control.place(of: mountPoint) else { return control }
        do throws(ControlSocket.Failure) {
            try control.prepare(at: place)
            log.logger.tell(.control, .info, "the control interface is at \(place.path)")
        } catch {
            let words =
                "no control interface: \(error). Another place is named by -o control=PATH, "
                + "none by control=off."
            if log.destination != .standardError { log.logger.tell(.error, .warning, words) }
            StandardOutput.complain("bypassio: \(words.onOneLine)")
        }
        return control
    }
}
