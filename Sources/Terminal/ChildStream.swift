import Foundation
import Glibc
import SystemPackage

/// A standard stream of a program that is about to be started.
struct ChildStream {
    /// 0, 1 or 2.
    private let number: Int32
    /// nil: it is inherited.
    private let childsEnd: FileDescriptor?
    /// This process' end; nil unless it is a pipe.
    let handle: FileHandle?

    init(_ stream: ChildProcess.Stream, _ number: Int32) throws {
        self.number = number
        var handle: FileHandle?
        switch stream {
        case .inherited: childsEnd = nil
        case .nothing: childsEnd = try Self.open("/dev/null", number == 0 ? .readOnly : .writeOnly)
        case .file(let path): childsEnd = try Self.open(path, .writeOnly)
        case .pipe:
            let (read, write) = try FileDescriptor.pipe()
            let (own, other) = number == 0 ? (write, read) : (read, write)
            for end in [own, other] { _ = fcntl(end.rawValue, F_SETFD, FD_CLOEXEC) }
            childsEnd = other
            handle = FileHandle(fileDescriptor: own.rawValue, closeOnDealloc: true)
        }
        self.handle = handle
    }

    private static func open(
        _ path: FilePath, _ mode: FileDescriptor.AccessMode
    ) throws -> FileDescriptor {
        try FileDescriptor.open(path, mode, options: .closeOnExec)
    }

    func closeChildsEnd() { try? childsEnd?.close() }

    /// Starts a program in a process group of its own. Throws an `Errno`.
    static func spawn(
        _ program: String, _ command: [String], _ streams: [ChildStream]
    ) throws -> Int32 {
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        unsafe sigemptyset(&none)
        unsafe posix_spawnattr_setsigmask(&attributes, &none)
        unsafe posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP))
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        for stream in streams {
            guard let end = stream.childsEnd else { continue }
            unsafe posix_spawn_file_actions_adddup2(&actions, end.rawValue, stream.number)
        }
        var words = unsafe command.map { unsafe strdup($0) }
        unsafe words.append(nil)
        defer { unsafe words.forEach { unsafe free($0) } }
        var child: pid_t = 0
        let error = unsafe posix_spawn(&child, program, &actions, &attributes, words, environ)
        guard error == 0 else { throw Errno(rawValue: error) }
        return child
    }
}
