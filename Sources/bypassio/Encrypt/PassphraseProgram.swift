import Glibc
import SystemPackage
import Terminal

/// The program of `extpass`, from its start to its end. It has this process' standard input and
/// error, to ask somebody, and what it prints comes through a pipe.
///
/// Foundation's `Process` does not hear of a child's end in a service, which blocks signals before
/// its threads start; and it would keep the passphrase in memory that nobody wipes.
struct PassphraseProgram {
    private let process: pid_t
    private let output: FileDescriptor
    private let end: ContinuousClock.Instant

    /// Throws a ``CommandError`` where it cannot be run.
    init(_ command: [String], within time: Duration) throws {
        guard let program = command.first.flatMap({ ChildProcess.path(of: $0) }) else {
            throw CommandError(
                .unavailable, "extpass: \(command.first ?? "the program") is not installed.")
        }
        end = ContinuousClock.now + time
        // Who started this process may have had the kernel forget how children end.
        _ = signal(SIGCHLD, SIG_DFL)
        let (read, write) = try FileDescriptor.pipe()
        output = read
        defer { try? write.close() }
        var child: pid_t = 0
        let error = Self.spawn(program, command, (read, write), &child)
        guard error == 0 else {
            try? read.close()
            throw CommandError(
                .unavailable,
                "extpass: \(program) cannot be started (\(Errno(rawValue: error))).")
        }
        process = child
    }

    private static func spawn(
        _ program: String, _ command: [String], _ pipe: (FileDescriptor, FileDescriptor),
        _ child: inout pid_t
    ) -> Int32 {
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        // Ctrl-C ends a program that asks.
        var none = sigset_t()
        unsafe sigemptyset(&none)
        unsafe posix_spawnattr_setsigmask(&attributes, &none)
        unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_adddup2(&actions, pipe.1.rawValue, 1)
        unsafe posix_spawn_file_actions_addclose(&actions, pipe.0.rawValue)
        if pipe.1.rawValue != 1 {
            unsafe posix_spawn_file_actions_addclose(&actions, pipe.1.rawValue)
        }
        var words = unsafe command.map { unsafe strdup($0) }
        unsafe words.append(nil)
        defer { unsafe words.forEach { unsafe free($0) } }
        return unsafe posix_spawn(&child, program, &actions, &attributes, words, environ)
    }

    /// Reads into `bytes`; 0 at the end. nil once the time is up. Throws an `Errno`.
    func read(into bytes: UnsafeMutableRawBufferPointer) throws -> Int? {
        while true {
            let left = (end - ContinuousClock.now) / .milliseconds(1)
            guard left > 0 else { return nil }
            var wanted = pollfd(fd: output.rawValue, events: Int16(POLLIN), revents: 0)
            let ready = unsafe poll(&wanted, 1, Int32(min(left, 120_000)) + 1)
            if ready > 0 { return try unsafe output.read(into: bytes) }
            guard ready == 0 || errno == EINTR else { throw Errno(rawValue: errno) }
        }
    }

    /// Its exit code, or 128 and the number of the signal that ended it; nil if it has not ended in
    /// time: then it is killed.
    func waitForEnd() -> Int32? {
        try? output.close()
        var status: Int32 = 0
        while true {
            let found = unsafe waitpid(process, &status, WNOHANG)
            if found == process { break }
            guard found == 0 || errno == EINTR else { return 127 }
            guard ContinuousClock.now < end else {
                kill(process, SIGKILL)
                while unsafe waitpid(process, &status, 0) < 0, errno == EINTR {}
                return nil
            }
            usleep(1000)
        }
        return status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F)
    }
}
