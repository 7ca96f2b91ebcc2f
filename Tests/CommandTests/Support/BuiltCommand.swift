import Dispatch
import Foundation

/// The command as it was built, run as a user runs it: a process of its own.
enum BuiltCommand {
    struct Outcome: Sendable {
        /// The exit code; the negative number of the signal that ended it.
        let code: Int32
        let output: String
        let errors: String

        var lines: [String] { output.split(separator: "\n").map(String.init) }
        var errorLines: [String] { errors.split(separator: "\n").map(String.init) }
    }

    struct Failure: Error {
        let reason: String
    }

    /// Beside the tests' own executable.
    static let location: URL? = {
        let folders = [
            try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"),
            Bundle.main.executablePath,
        ]
        return folders.compactMap(\.self)
            .map { URL(fileURLWithPath: $0).deletingLastPathComponent() }
            .map { $0.appendingPathComponent("bypassio") }
            .first { FileManager.default.isExecutableFile(atPath: $0.path) }
    }()

    static let isThere = location != nil
    static let whyNot = "the command is not beside the tests: build the product bypassio"
    static let isRoot = geteuid() == 0

    static func run(
        _ arguments: String..., input: [UInt8] = [], in folder: Workspace? = nil
    ) throws -> Outcome {
        try run(arguments, input: input, in: folder)
    }

    static func run(
        _ arguments: [String], input: [UInt8] = [], in folder: Workspace? = nil
    ) throws -> Outcome {
        guard let location else { throw Failure(reason: whyNot) }
        return try start(location.path, arguments, input: input, in: folder)
    }

    /// A line for the shell, in which `$bypassio` is the command.
    static func shell(_ line: String, in folder: Workspace? = nil) throws -> Outcome {
        guard let location else { throw Failure(reason: whyNot) }
        return try start(
            "/bin/sh", ["-c", line], in: folder, environment: ["bypassio": location.path])
    }

    /// Runs a program to its end, at most a minute; output goes through files, so that no pipe
    /// fills up.
    static func start(
        _ program: String, _ arguments: [String], input: [UInt8] = [],
        in folder: Workspace? = nil, environment: [String: String] = [:]
    ) throws -> Outcome {
        let place = try Workspace()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.currentDirectoryURL = folder?.url
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = try place.reading(place.write("in", input))
        process.standardOutput = try place.writing("out")
        process.standardError = try place.writing("err")
        let ended = DispatchSemaphore(value: 0)
        process.terminationHandler = { _ in ended.signal() }
        try process.run()
        guard ended.wait(timeout: .now() + .seconds(60)) == .success else {
            kill(process.processIdentifier, SIGKILL)
            throw Failure(reason: "\(program) \(arguments) hangs")
        }
        let status = process.terminationStatus
        return Outcome(
            code: process.terminationReason == .exit ? status : -status,
            output: try place.text("out"), errors: try place.text("err"))
    }
}
