import ArgumentParser
import CKernelABI
import Foundation
import SystemPackage

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
