import CKernelABI
import Foundation
import IOStack
import LinuxKit
import Logging
import SystemPackage

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

extension LogDestination {
    /// A line of which the last words are known later, for a process that cannot make it.
    func unfinishedLine(
        _ level: Logger.Level, _ kind: LogKind, _ words: String
    ) -> RecoveryTable.UnfinishedLine {
        // No text of ours has it, and none of others' after it.
        let mark = "\u{FFFD}\u{FFFD}"
        let line = LogLine(level, kind.rawValue, words + mark)
        func unfinished(
            _ place: RecoveryTable.UnfinishedLine.Place, _ text: String
        ) -> RecoveryTable.UnfinishedLine {
            guard let end = text.range(of: mark, options: .backwards) else {
                return RecoveryTable.UnfinishedLine(.nowhere)
            }
            return RecoveryTable.UnfinishedLine(
                place, before: String(text[..<end.lowerBound]),
                after: String(text[end.upperBound...]))
        }
        switch self {
        case .nowhere: return RecoveryTable.UnfinishedLine(.nowhere)
        case .standardError: return unfinished(.standardError, line.plain)
        case .file(let path): return unfinished(.file(path), line.withoutTime)
        case .syslog(let socket): return unfinished(.socket(socket), line.syslog)
        case .journal(let socket): return unfinished(.socket(socket), line.journal)
        }
    }
}

/// Takes lines of a log. One thread calls everything but the initializer.
protocol LogSink: Sendable {
    /// Returns false if the line is lost.
    func write(_ line: LogLine) -> Bool
    /// Call after a log file was moved away (SIGHUP).
    func reopen()
}

extension LogSink {
    func reopen() {}
}

/// Standard error, for people.
struct StandardErrorSink: LogSink {
    func write(_ line: LogLine) -> Bool {
        (try? FileDescriptor.standardError.writeAll(line.plain.utf8)) != nil
    }
}

/// A file to which lines are appended. Writes to anything but a regular file do not wait.
final class FileSink: LogSink {
    private struct State {
        var file: FileDescriptor?
        /// The last line is incomplete, because the disk was full.
        var isTorn = false
    }

    private let path: FilePath
    private let state: Guarded<State>

    /// Throws open(2)'s error.
    init(_ path: FilePath) throws(Errno) {
        self.path = path
        state = Guarded(State(file: try Self.open(path)))
    }

    private static func open(_ path: FilePath) throws(Errno) -> FileDescriptor {
        do {
            return try FileDescriptor.open(
                path, .writeOnly, options: [.create, .append, .nonBlocking, .closeOnExec],
                // Not for all users, because the log has names of files.
                permissions: [.ownerReadWrite, .groupRead])
        } catch {
            throw error as? Errno ?? .ioError
        }
    }

    func write(_ line: LogLine) -> Bool {
        state.withLock { state in
            guard let file = state.file else { return false }
            let text = (state.isTorn ? "\n" : "") + line.withTime
            do {
                try file.writeAll(text.utf8)
                state.isTorn = false
                return true
            } catch {
                state.isTorn = true
                return false
            }
        }
    }

    /// Keeps the old file if the new one cannot be opened.
    func reopen() {
        guard let new = try? Self.open(path) else { return }
        let old = state.withLock { state in
            defer { state = State(file: new) }
            return state.file
        }
        try? old?.close()
    }
}

/// A service of the machine that takes datagrams. It may end and restart.
final class DatagramSink: Sendable {
    private static let patience: Int32 = 200

    private let path: String
    private let socket: FileDescriptor

    /// - Parameter path: of its socket.
    init(_ path: String) throws(Errno) {
        let number = bpio_datagram_socket()
        guard number >= 0 else { throw Errno(rawValue: -number) }
        socket = FileDescriptor(rawValue: number)
        self.path = path
    }

    deinit { try? socket.close() }

    /// Waits up to 200 ms for a receiver that is behind. False: the datagram is lost.
    func send(_ bytes: [UInt8]) -> Bool {
        unsafe bpio_send_datagram(
            socket.rawValue, path, bytes, bytes.count, Self.patience) == 0
    }
}

/// Lines as datagrams, in the receiver's format.
struct FormattedSink: LogSink {
    let receiver: DatagramSink
    let format: @Sendable (LogLine) -> String

    func write(_ line: LogLine) -> Bool { receiver.send(Array(format(line).utf8)) }
}
