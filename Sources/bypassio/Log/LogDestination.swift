import CKernelABI

/// Where the log of a service goes.
enum LogDestination: Sendable, Equatable {
    /// To people: what is notable, without time and level.
    case standardError
    /// Appended to.
    case file(String)
    /// Datagrams as syslog(3) sends them.
    case syslog(socket: String)
    /// Datagrams of systemd's journal.
    case journal(socket: String)
    /// There is nobody to tell.
    case nowhere

    /// Of `--log`; a file of such a name is written `./stderr`.
    static let words: Set = ["stderr", "journal"]

    /// Of `--log`: `stderr`, `journal`, a file, or a socket of a syslog service. Throws a
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
            self = unsafe bpio_is_socket(name) != 0 ? .syslog(socket: name) : .file(name)
        }
    }

    /// Of a service that has no terminal: the machine's journal, or its syslog.
    static var ofMachine: LogDestination {
        let (journal, syslog) = ("/run/systemd/journal/socket", "/dev/log")
        if unsafe bpio_is_socket(journal) != 0 { return .journal(socket: journal) }
        return unsafe bpio_is_socket(syslog) != 0 ? .syslog(socket: syslog) : .nowhere
    }

    /// Where it is, to follow "the log"; empty for none.
    var place: String {
        switch self {
        case .file(let path), .syslog(let path), .journal(let path): " \(path)"
        case .standardError, .nowhere: ""
        }
    }

    /// What a mount was told, or what fits where it runs.
    init(_ settings: MountSettings) throws {
        if let name = settings.log {
            try self.init(named: name)
        } else {
            self = settings.isBackground ? .ofMachine : .standardError
        }
    }
}
