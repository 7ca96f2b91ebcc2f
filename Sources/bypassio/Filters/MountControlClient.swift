import BypassIOProtocol
import ControlInterface
import FUSE
import LinuxKit
import SystemPackage

/// The control interface of the mount that a command line names; its errors are the command's.
struct MountControlClient {
    let client: ControlClient
    private let name: String
    private let user: UInt32?
    private let place: FilePath

    /// - Parameters:
    ///   - argument: the mount point.
    ///   - socket: where the interface was told to be; nil for the usual place.
    ///   - patience: for each step of an answer.
    init(
        _ argument: String, socket: String? = nil, patience: Duration = .seconds(15)
    ) throws {
        name = argument
        place = ArgumentPath.mountPoint(argument)
        user = MountTable.current.top(at: place).map(ControlClient.user(of:))
        do throws(ControlClientError) {
            client = try ControlClient(
                mountPoint: place, socket: socket.map { ArgumentPath.path($0) },
                patience: patience, elsewhere: { [place] in ToldControlPlace.path(of: place) })
        } catch {
            // What a guard serves is mounted nowhere but for its command.
            let own = socket.map { ArgumentPath.path($0) } ?? ControlPlace.own(place).path
            if case .notMounted = error,
                (try? SystemCall.status(of: own, followingLinks: false)) != nil
            {
                client = ControlClient(socket: own, patience: patience)
                return
            }
            throw CommandError(error.status, error.words(for: argument, user: nil))
        }
    }

    /// Runs `body` with the client; its errors in words.
    func ask<Value>(
        _ body: (ControlClient) throws(ControlClientError) -> Value
    ) throws -> Value {
        do throws(ControlClientError) {
            try client.checkMount()
            return try body(client)
        } catch {
            if case .unreachable = error,
                ServiceQuestion.status(of: place, within: .seconds(2)) == .socketNotConnected
            {
                throw CommandError(
                    .noInput,
                    "The service of \(name) is gone: unmount it with bypassio umount \(name), then "
                        + "mount it again.")
            }
            if case .unreachable = error, MountTable.current.top(at: place)?.isFUSE != true {
                throw CommandError(.noInput, "\(name) was unmounted meanwhile.")
            }
            throw CommandError(error.status, error.words(for: name, user: user))
        }
    }
}

extension ControlClientError {
    /// docs/exit-codes.md lists them.
    var status: CommandStatus {
        switch self {
        case .notMounted, .unreachable(_, .connectionRefused): .noInput
        case .unreachable(_, .permissionDenied), .unreachable(_, .notPermitted): .notPermitted
        case .unreachable, .otherMount: .unavailable
        case .late: .inUse
        case .malformed: .internalError
        case .refused(let fault):
            switch fault.status {
            case 400: .usage
            case 403: .notPermitted
            case 404: .noInput
            case 409: .notSupported
            case 408, 503: .inUse
            default: .internalError
            }
        }
    }
}
