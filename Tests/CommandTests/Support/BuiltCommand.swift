import Foundation
import TestSupport

/// The built command, run as a user runs it: in a process of its own.
enum BuiltCommand {
    struct Outcome: Sendable {
        /// The exit code; the negated number of a signal that ended the process.
        let code: Int32
        let output: String
        let errors: String

        var lines: [String] { output.split(separator: "\n").map(String.init) }
        var errorLines: [String] { errors.split(separator: "\n").map(String.init) }
    }

    struct Failure: Error {
        let reason: String
    }

    /// Lies beside the tests' own executable.
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

    /// Runs a shell line in which `$bypassio` is the command.
    static func shell(_ line: String, in folder: Workspace? = nil) throws -> Outcome {
        guard let location else { throw Failure(reason: whyNot) }
        return try start(
            "/bin/sh", ["-c", line], in: folder, environment: ["bypassio": location.path])
    }

    /// Runs a program to its end, or ends it when it hangs. Output goes to files, because a full
    /// pipe would stop the program.
    static func start(
        _ program: String, _ arguments: [String], input: [UInt8] = [],
        in folder: Workspace? = nil, environment: [String: String] = [:]
    ) throws -> Outcome {
        let place = try Workspace()
        let files = try (
            input: place.reading(place.write("in", input)), output: place.writing("out"),
            errors: place.writing("err")
        )
        let group = try ProcessGroup(
            [program] + arguments, in: folder?.url.path,
            environment: ProcessInfo.processInfo.environment.merging(environment) { $1 },
            input: files.input.fileDescriptor, output: files.output.fileDescriptor,
            errors: files.errors.fileDescriptor)
        guard let code = group.waitForEnd() else {
            throw Failure(
                reason:
                    "\(program) \(arguments) hangs: \(try place.text("out")) \(try place.text("err"))"
            )
        }
        return Outcome(code: code, output: try place.text("out"), errors: try place.text("err"))
    }
}
