import ControlInterface
import SystemPackage

/// Where the control interface of a mount is on TCP, if anywhere (`-o control_tcp=`), and the file
/// with the token that it wants (`control_token_file=`).
struct ControlPortChoice {
    var address: ControlPort.Address?
    /// Absolute.
    var tokenFile: String?

    /// Takes the port, before anything is mounted; nil where none is wanted. Throws a
    /// ``CommandError`` for a port or a token that cannot be had, and for half of the settings.
    func open() throws -> ControlPort? {
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
        case (.some(let address), .some(let file)): return try Self.open(address, file)
        }
    }

    private static func open(
        _ address: ControlPort.Address, _ file: String
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
