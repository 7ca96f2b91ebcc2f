import ControlInterface
import IOStack

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
