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

    /// Of `--log`: a file, or a socket of a syslog service.
    init(named path: String) {
        self = unsafe bpio_is_socket(path) != 0 ? .syslog(socket: path) : .file(path)
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
    init(_ settings: MountSettings) {
        if let path = settings.log {
            self.init(named: path)
        } else {
            self = settings.isBackground ? .ofMachine : .standardError
        }
    }
}
