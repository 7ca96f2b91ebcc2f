package import Foundation
import Glibc
package import SystemPackage

/// Another program, from its start to its end. It belongs to one thread at a time; another thread
/// may read and write its pipes.
///
/// Started by posix_spawn(3) and waited for by waitpid(2), in a process group of its own, with no
/// signal blocked: Foundation's `Process` hands on what this process blocks, and does not hear of a
/// child's end where that is every signal, as in the service of a mount.
package final class ChildProcess {
    /// The destination of the program's standard input, standard output or standard error.
    package enum Stream {
        /// The same as that of this process.
        case inherited
        case nothing
        /// The other end is ``ChildProcess/input`` or ``ChildProcess/output``.
        case pipe
        /// An existing file, written from its beginning.
        case file(FilePath)
    }

    /// Why a program does not run, as a sentence.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// This program itself.
    package static var ownProgram: String {
        URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().path
    }

    /// Held from the making of pipes to the start: no other program inherits their ends.
    private static let starting = NSLock()

    /// Writes to the program's standard input; nil unless that is a pipe.
    package let input: FileHandle?
    /// Reads the program's standard output; nil unless that is a pipe.
    package let output: FileHandle?
    package let processID: Int32
    /// As waitpid(2) has it; nil while it runs.
    private var end: Int32?

    /// Starts a program, found as the shell would find it.
    package init(
        _ command: [String], input: Stream = .nothing, output: Stream = .nothing,
        errors: Stream = .nothing
    ) throws(Failure) {
        guard let program = command.first.flatMap(Self.path(of:)) else {
            throw Failure(description: "\(command.first ?? "The program") is not installed.")
        }
        do {
            (processID, self.input, self.output) = try Self.starting.withLock {
                let streams = [
                    try ChildStream(input, 0), try ChildStream(output, 1),
                    try ChildStream(errors, 2),
                ]
                defer { for stream in streams { stream.closeChildsEnd() } }
                let child = try ChildStream.spawn(program, command, streams)
                return (child, streams[0].handle, streams[1].handle)
            }
        } catch {
            throw Failure(description: "\(program) cannot be started: \(error).")
        }
    }

    deinit { _ = isRunning }

    package var isRunning: Bool { !hasEnded(waiting: false) }

    private func hasEnded(waiting: Bool) -> Bool {
        while end == nil {
            var status: Int32 = 0
            let found = unsafe waitpid(processID, &status, waiting ? 0 : WNOHANG)
            if found == processID {
                end = status
            } else if found == 0 {
                return false
            } else if errno != EINTR {
                // Who started this process had the kernel forget how children end.
                end = 127 << 8
            }
        }
        return true
    }

    /// Asks the program to end (SIGTERM).
    package func terminate() {
        if isRunning { kill(processID, SIGTERM) }
    }

    /// Waits until the program has ended, at most so many seconds. Returns whether it has.
    @discardableResult
    package func wait(seconds: Double) -> Bool {
        let end = Date(timeIntervalSinceNow: seconds)
        while isRunning, Date() < end { usleep(1000) }
        return !isRunning
    }

    /// Waits until the program has ended. Returns its exit code, or the number of the signal that
    /// ended it.
    @discardableResult
    package func waitForEnd() -> Int32 {
        _ = hasEnded(waiting: true)
        let status = end ?? 0
        return status & 0x7F == 0 ? (status >> 8) & 0xFF : status & 0x7F
    }

    /// Waits for the program's end, at most so many seconds; then kills it.
    package func end(within seconds: Double) {
        if !wait(seconds: seconds) { kill(processID, SIGKILL) }
        waitForEnd()
    }
}

extension ChildProcess {
    /// The program's path, as the shell would find it; nil if it is not installed.
    package static func path(of program: String) -> String? {
        if program.hasPrefix("/") { return program }
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        return (folders + ["/usr/sbin", "/sbin"]).map { "\($0)/\(program)" }.first {
            FileManager.default.isExecutableFile(atPath: $0)
        }
    }

    /// Runs a program to its end, without input, and returns its output; nil if it is not installed
    /// or fails.
    package static func output(of command: [String]) -> String? {
        guard let child = try? ChildProcess(command, output: .pipe), let output = child.output
        else { return nil }
        let data = output.readDataToEndOfFile()
        return child.waitForEnd() == 0 ? String(decoding: data, as: UTF8.self) : nil
    }
}
