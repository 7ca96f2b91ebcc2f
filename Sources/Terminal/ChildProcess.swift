package import Foundation
import Glibc
package import SystemPackage

/// Another program, from its start to its end. It belongs to one thread at a time; another thread
/// may read and write its pipes.
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

    private let process = Process()
    /// Writes to the program's standard input; nil unless that is a pipe.
    package let input: FileHandle?
    /// Reads the program's standard output; nil unless that is a pipe.
    package let output: FileHandle?

    /// Starts a program, found as the shell would find it.
    package init(
        _ command: [String], input: Stream = .nothing, output: Stream = .nothing,
        errors: Stream = .nothing
    ) throws(Failure) {
        guard let program = command.first.flatMap(Self.path(of:)) else {
            throw Failure(description: "\(command.first ?? "The program") is not installed.")
        }
        let ends: [Any?]
        do {
            process.executableURL = URL(fileURLWithPath: program)
            process.arguments = Array(command.dropFirst())
            ends = try [Self.end(input), Self.end(output), Self.end(errors)]
            // An end that is not set is inherited.
            if let end = ends[0] { process.standardInput = end }
            if let end = ends[1] { process.standardOutput = end }
            if let end = ends[2] { process.standardError = end }
            try process.run()
        } catch {
            throw Failure(
                description: "\(program) cannot be started: \(error.localizedDescription)")
        }
        self.input = (ends[0] as? Pipe)?.fileHandleForWriting
        self.output = (ends[1] as? Pipe)?.fileHandleForReading
    }

    private static func end(_ stream: Stream) throws -> Any? {
        switch stream {
        case .inherited: nil
        case .nothing: FileHandle.nullDevice
        case .pipe: Pipe()
        case .file(let path):
            try FileHandle(forWritingTo: URL(fileURLWithPath: path.string))
        }
    }

    package var isRunning: Bool { process.isRunning }
    package var processID: Int32 { process.processIdentifier }

    /// Asks the program to end (SIGTERM).
    package func terminate() {
        if process.isRunning { process.terminate() }
    }

    /// Waits until the program has ended, at most so many seconds. Returns whether it has.
    @discardableResult
    package func wait(seconds: Double) -> Bool {
        let end = Date(timeIntervalSinceNow: seconds)
        while process.isRunning, Date() < end { usleep(1000) }
        return !process.isRunning
    }

    /// Waits until the program has ended. Returns its exit code, or the number of the signal that
    /// ended it.
    @discardableResult
    package func waitForEnd() -> Int32 {
        process.waitUntilExit()
        return process.terminationStatus
    }

    /// Waits for the program's end, at most so many seconds; then kills it.
    package func end(within seconds: Double) {
        if !wait(seconds: seconds) { kill(process.processIdentifier, SIGKILL) }
        process.waitUntilExit()
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
