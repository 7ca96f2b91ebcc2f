import Dispatch
import Foundation

/// A program with its arguments, run as a process of its own with a time limit.
struct Program: Sendable {
    struct Outcome: Sendable, CustomStringConvertible {
        /// The exit code; the negative number of the signal that ended it.
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

    /// A line for the shell.
    static func shell(_ line: String, in folder: String? = nil) -> Program {
        Program("/bin/sh", ["-c", line], in: folder)
    }

    /// Where a tool lies; nil if it is not there.
    static func find(_ name: String) -> String? {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        return (path.split(separator: ":").map(String.init) + ["/usr/sbin", "/sbin"])
            .map { "\($0)/\(name)" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    /// Its end; ended with SIGKILL, and an error, if it takes longer.
    func run(within seconds: Double) throws -> Outcome {
        let running = try RunningProgram(self)
        guard let outcome = running.wait(within: seconds) else {
            running.signal(SIGKILL)
            let dead = running.wait(within: 5) != nil
            throw TestError(
                "\(path) \(arguments.joined(separator: " ")) did not end within \(seconds) s"
                    + (dead ? "" : " and does not die\n\(running.kernelStack)"))
        }
        return outcome
    }
}

/// A program that runs.
final class RunningProgram: @unchecked Sendable {
    private let process = Process()
    private let output: OutputFile
    private let errors: OutputFile
    private let ended = DispatchSemaphore(value: 0)

    init(_ program: Program) throws {
        output = try OutputFile()
        errors = try OutputFile()
        process.executableURL = URL(fileURLWithPath: program.path)
        process.arguments = program.arguments
        if let folder = program.folder {
            process.currentDirectoryURL = URL(fileURLWithPath: folder)
        }
        process.environment = ProcessInfo.processInfo.environment.merging(program.environment) {
            $1
        }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output.handle
        process.standardError = errors.handle
        let ended = ended
        process.terminationHandler = { _ in ended.signal() }
        try process.run()
    }

    var identifier: Int32 { process.processIdentifier }
    var isRunning: Bool { process.isRunning }
    var outputSoFar: String { output.text }
    var errorsSoFar: String { errors.text }

    func signal(_ number: Int32) {
        if process.isRunning { kill(process.processIdentifier, number) }
    }

    /// nil if it goes on for longer.
    func wait(within seconds: Double) -> Program.Outcome? {
        guard ended.wait(timeout: .now() + seconds) == .success else { return nil }
        ended.signal()
        let status = process.terminationStatus
        return Program.Outcome(
            code: process.terminationReason == .exit ? status : -status,
            output: output.text, errors: errors.text)
    }

    /// Where each of its threads waits in the kernel: for a report about what hangs.
    var kernelStack: String {
        let tasks = "/proc/\(identifier)/task"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: tasks)) ?? []
        return names.map { name in
            let stack = FileManager.default.contents(atPath: "\(tasks)/\(name)/stack") ?? Data()
            return "thread \(name):\n\(String(decoding: stack, as: UTF8.self))"
        }.joined()
    }
}

/// A file without a name for a program's output, so that no pipe fills up.
private final class OutputFile {
    let handle: FileHandle
    private let path: String

    init() throws {
        path = "/tmp/bypassio-output-\(UUID().uuidString)"
        guard FileManager.default.createFile(atPath: path, contents: nil),
            let handle = FileHandle(forWritingAtPath: path)
        else { throw TestError("no file \(path) for a program's output") }
        self.handle = handle
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var text: String {
        String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
    }
}
