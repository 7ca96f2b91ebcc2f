import CKernelABI

/// Where the log of a service goes.
enum LogDestination: Sendable, Equatable {
    /// For people: notable events, without time and level.
    case standardError
    /// Lines are appended.
    case file(String)
    /// Datagrams in the format of syslog(3).
    case syslog(socket: String)
    /// Datagrams of systemd's journal.
    case journal(socket: String)
    /// Drops the log, because no reader exists.
    case nowhere

    /// Words of `--log`; a file of such a name is written `./stderr`.
    static let words: Set = ["stderr", "journal"]

    /// From `--log`: `stderr`, `journal`, a file, or a socket of a syslog service. Throws a
    /// ``CommandError`` for `journal` where the machine has none.
    init(named name: String) throws {
        switch name {
        case "stderr":
            self = .standardError
        case "journal":
            self = .ofMachine
            guard self == .nowhere else { return }
            throw CommandError(
                .unavailable,
                "This machine has neither systemd's journal nor /dev/log: name a file with --log.")
        default:
            self = Self.isSocket(name) ? .syslog(socket: name) : .file(name)
        }
    }

    /// The destination of a service without a terminal: the machine's journal, or its syslog.
    static var ofMachine: LogDestination {
        let (journal, syslog) = ("/run/systemd/journal/socket", "/dev/log")
        if isSocket(journal) { return .journal(socket: journal) }
        return isSocket(syslog) ? .syslog(socket: syslog) : .nowhere
    }

    static func isSocket(_ path: String) -> Bool { unsafe bpio_is_socket(path) != 0 }

    /// The place, as text to follow "the log"; empty for none.
    var place: String {
        switch self {
        case .file(let path), .syslog(let path), .journal(let path): " \(path)"
        case .standardError, .nowhere: ""
        }
    }

    /// The destination of a mount's settings, or the default for its surroundings.
    init(_ settings: MountSettings) throws {
        if let name = settings.log {
            try self.init(named: name)
        } else {
            self = settings.isBackground ? .ofMachine : .standardError
        }
    }
}
