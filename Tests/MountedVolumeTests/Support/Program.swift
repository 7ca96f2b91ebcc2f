import Foundation
import TestSupport

/// A program with its arguments, run as a process of its own with a time limit.
struct Program: Sendable {
    struct Outcome: Sendable, CustomStringConvertible {
        /// The exit code; the negated number of a signal that ended the process.
        let code: Int32
        let output: String
        let errors: String

        var lines: [String] { output.split(separator: "\n").map(String.init) }
        var description: String { "exit \(code)\n\(output.suffix(2000))\n\(errors.suffix(2000))" }
    }

    let path: String
    let arguments: [String]
    var folder: String?
    var environment: [String: String] = [:]

    init(
        _ path: String, _ arguments: [String], in folder: String? = nil,
        environment: [String: String] = [:]
    ) {
        (self.path, self.arguments, self.folder) = (path, arguments, folder)
        self.environment = environment
    }

    /// Runs a line of the shell.
    static func shell(_ line: String, in folder: String? = nil) -> Program {
        Program("/bin/sh", ["-c", line], in: folder)
    }

    /// The path of a tool; nil if it is not there.
    static func find(_ name: String) -> String? {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        return (path.split(separator: ":").map(String.init) + ["/usr/sbin", "/sbin"])
            .map { "\($0)/\(name)" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    /// Runs the program to its end. Ends it with SIGKILL, and throws, only if it takes longer and
    /// then makes no progress for as long: a program's duration depends on the machine.
    func run(within seconds: Double) throws -> Outcome {
        let running = try RunningProgram(self)
        var progress: UInt64?
        for _ in 0..<30 {
            if let outcome = running.wait(within: seconds) { return outcome }
            let now = ProcessGroup.progress(ofGroup: running.identifier)
            if now == progress { break }
            progress = now
        }
        let stack = running.kernelStack
        running.signal(SIGKILL)
        let dead = running.wait(within: 5) != nil
        throw TestError(
            "\(path) \(arguments.joined(separator: " ")) hangs"
                + (dead ? "" : " and does not die\n\(stack)"))
    }
}
