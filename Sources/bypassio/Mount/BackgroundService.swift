import ArgumentParser
import CKernelABI
import Foundation
import SystemPackage
import Terminal

/// Starts the command again, in a session of its own, and waits until that process reports that it
/// is ready.
enum BackgroundService {
    private static let name = "BYPASSIO_BACKGROUND"
    /// The descriptor of the pipe in the child.
    private static let readyDescriptor: Int32 = 3

    /// Whether this process is the one that serves.
    static var isChild: Bool { ProcessInfo.processInfo.environment[name] == "1" }

    /// Returns when programs can use the volume; exits with the child's code if it fails. The child
    /// writes its errors to the same place.
    static func start() throws {
        var ends: [Int32] = [0, 0]
        guard unsafe pipe(&ends) == 0 else {
            throw CommandError(
                .internalError, "No pipe is to be had: \(Errno(rawValue: errno)).")
        }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        let child = unsafe withArguments { arguments in
            unsafe bpio_spawn_service(arguments, ends[1], "\(name)=1")
        }
        close(ends[1])
        defer { close(ends[0]) }
        guard child > 0 else {
            throw CommandError(
                .internalError,
                "The service cannot be started: \(Errno(rawValue: -child)).")
        }
        var byte: UInt8 = 0
        while true {
            let count = unsafe read(ends[0], &byte, 1)
            if count == 1 { return }
            if count < 0, errno == EINTR { continue }
            // The child ended without a line on the pipe; its error is on standard error.
            throw ExitCode(bpio_wait_for(child))
        }
    }

    /// The child's side: from here on its output goes to /dev/null. Standard error stays if the log
    /// goes there.
    static func tellReady(keepingErrors: Bool) {
        var byte: UInt8 = 1
        _ = unsafe write(readyDescriptor, &byte, 1)
        close(readyDescriptor)
        let nowhere = unsafe open("/dev/null", O_RDWR)
        guard nowhere >= 0 else { return }
        dup2(nowhere, STDOUT_FILENO)
        if !keepingErrors { dup2(nowhere, STDERR_FILENO) }
        if nowhere > STDERR_FILENO { close(nowhere) }
    }

    private static func withArguments(
        _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Int32
    ) -> Int32 {
        var arguments = unsafe CommandLine.arguments.map { unsafe strdup($0) }
        unsafe arguments.append(nil)
        defer { unsafe arguments.forEach { unsafe free($0) } }
        return unsafe arguments.withUnsafeBufferPointer { list in
            guard let start = list.baseAddress else { return -EINVAL }
            return unsafe body(start)
        }
    }
}

/// The program that started this one and waits for its word, systemd above all (sd_notify(3)).
///
/// Any thread. Tells nobody where nobody asked to be told.
struct ServiceManager: Sendable {
    /// How long a manager may leave no room for a message, milliseconds.
    private static let patience: Int32 = 1000

    /// The manager's socket; nil without one.
    let socket: String?

    /// The one that NOTIFY_SOCKET names.
    init(environment: [String: String] = ProcessInfo.processInfo.environment) {
        socket = environment["NOTIFY_SOCKET"].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Programs may use the volume: a unit of Type=notify is active from here on.
    func tellReady(_ status: String) { tell("READY=1", status) }

    /// Another process is the service from here on.
    func tellSuccessor(_ process: Int32, _ status: String) { tell("MAINPID=\(process)", status) }

    /// The volume leaves the name space, or is served no more.
    func tellStopping(_ status: String) { tell("STOPPING=1", status) }

    /// With what the manager shows of the service.
    private func tell(_ assignment: String, _ status: String) {
        guard let socket else { return }
        // A line each.
        let text = "\(assignment)\nSTATUS=\(status.onOneLine)\n"
        let bytes = Array(text.utf8)
        // A manager that is gone has nobody to be told.
        _ = unsafe bpio_notify(socket, bytes, bytes.count, Self.patience)
    }
}

/// Signals for which the process waits instead of handling them. The initializer blocks them for
/// every thread that starts later: call it before any starts.
struct SignalSet {
    private var signals = sigset_t()

    init(_ numbers: [Int32]) {
        unsafe sigemptyset(&signals)
        for number in numbers { unsafe sigaddset(&signals, number) }
        unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
    }

    /// Sleeps until one of the signals comes.
    mutating func wait() -> Int32 {
        var number: Int32 = 0
        while unsafe sigwait(&signals, &number) != 0 {}
        return number
    }
}
