import Glibc
import Synchronization
import SystemPackage
import Terminal

/// Programs that a guard starts: its service in a session of its own, the command at the terminal.
enum GuardProcess {
    /// Starts a program in a session of its own, which the terminal's signals do not reach.
    ///
    /// - Parameter output: a file that takes what it says.
    static func start(_ command: [String], output: FilePath) throws -> Int32 {
        try spawn(command, output: output)
    }

    /// Runs a program at this terminal to its end: its exit code, or 128 and the number of the
    /// signal that ended it. What the terminal sends is for the program, not for this process; what
    /// ends programs from afar, SIGTERM and SIGHUP, is handed on to it.
    ///
    /// One at a time.
    static func run(_ command: [String]) throws -> Int32 {
        let terminal = [SIGINT, SIGQUIT].map { number in
            (number, signal(number, SIG_IGN))
        }
        HandedSignals.begin()
        defer {
            for (number, handler) in terminal { _ = signal(number, handler) }
            HandedSignals.end()
        }
        let child = try spawn(command, output: nil)
        HandedSignals.hand(to: child)
        return wait(child)
    }

    private static func spawn(_ command: [String], output: FilePath?) throws -> Int32 {
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe sigaddset(&signals, SIGINT)
        unsafe sigaddset(&signals, SIGQUIT)
        unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
        var flags = POSIX_SPAWN_SETSIGDEF
        if let output {
            flags |= 0x80  // POSIX_SPAWN_SETSID, which glibc shows with _GNU_SOURCE
            unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
            unsafe posix_spawn_file_actions_addopen(
                &actions, 1, output.string, O_WRONLY | O_CREAT | O_APPEND, 0o600)
            unsafe posix_spawn_file_actions_adddup2(&actions, 1, 2)
        }
        unsafe posix_spawnattr_setflags(&attributes, Int16(flags))
        var arguments = unsafe command.map { unsafe strdup($0) }
        unsafe arguments.append(nil)
        defer { unsafe arguments.forEach { unsafe free($0) } }
        guard let program = command.first.flatMap({ ChildProcess.path(of: $0) }) else {
            throw CommandError(.unavailable, "\(command.first ?? "") is not installed.")
        }
        var child: pid_t = 0
        let error = unsafe posix_spawn(
            &child, program, &actions, &attributes, arguments, environ)
        guard error == 0 else {
            throw CommandError(
                .internalError, "\(program) cannot be started: \(Errno(rawValue: error)).")
        }
        return child
    }

    /// Ends of children are told, also where whoever started this program ignored those of his:
    /// the kernel would forget how they ended. Call before the first.
    static func keepEnds() { _ = signal(SIGCHLD, SIG_DFL) }

    static func wait(_ child: Int32) -> Int32 {
        var status: Int32 = 0
        while unsafe waitpid(child, &status, 0) < 0 {
            guard errno == EINTR else { return CommandStatus.internalError.rawValue }
        }
        return code(status)
    }

    /// nil while it runs.
    static func exitCode(ofEnded child: Int32) -> Int32? {
        var status: Int32 = 0
        let found = unsafe waitpid(child, &status, WNOHANG)
        if found == 0 { return nil }
        return found == child ? code(status) : CommandStatus.internalError.rawValue
    }

    private static func code(_ status: Int32) -> Int32 {
        status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F)
    }
}

/// Signals that this process hands on to the program that it runs.
///
/// A handler of signals may call kill(2), and loads and stores atomics. Relaxed: the handler runs
/// on a thread of the same process, and the kernel orders a signal behind what made it.
private enum HandedSignals {
    private static let numbers = [SIGTERM, SIGHUP]
    private static let child = Atomic<Int32>(0)
    /// What came before there was a child.
    private static let early = Atomic<Int32>(0)

    /// Ignored ones stay so, as nohup(1) wants it.
    static func begin() {
        child.store(0, ordering: .relaxed)
        early.store(0, ordering: .relaxed)
        for number in numbers {
            let handler = signal(number, SIG_IGN)
            guard unsafe unsafeBitCast(handler, to: Int.self) != 1 else { continue }
            _ = signal(number) { number in
                let child = HandedSignals.child.load(ordering: .relaxed)
                if child > 0 {
                    kill(child, number)
                } else {
                    HandedSignals.early.store(number, ordering: .relaxed)
                }
            }
        }
    }

    static func hand(to process: Int32) {
        child.store(process, ordering: .relaxed)
        let number = early.load(ordering: .relaxed)
        if number != 0 { kill(process, number) }
    }

    static func end() {
        child.store(0, ordering: .relaxed)
    }
}
