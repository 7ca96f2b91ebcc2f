import Foundation

/// Programs that the guard runs to their end.
enum Tool {
    struct Answer {
        let code: Int32
        let output: String
        let errors: String
    }

    /// The path of a program in PATH; nil if it is not there.
    static func find(_ name: String) -> String? {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        return path.split(separator: ":").map { "\($0)/\(name)" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    /// This program.
    static var own: String? {
        try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    }

    /// Another program of the same build, which lies beside this one; nil if it is not built.
    static func sibling(_ name: String) -> String? {
        guard let own else { return nil }
        let path = URL(fileURLWithPath: own).deletingLastPathComponent().path + "/" + name
        return FileManager.default.isExecutableFile(atPath: path) ? path : nil
    }

    /// Runs a program, given by its name in PATH or by its path, to its end.
    static func run(
        _ words: [String], environment: [String: String] = [:]
    ) throws -> Answer {
        guard let name = words.first, let path = name.contains("/") ? name : find(name) else {
            throw MeasurementError("\(words.first ?? "nothing") is not installed")
        }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = Array(words.dropFirst())
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        // Output goes to files: a full pipe would stop the program.
        let folder = try ScratchFolder()
        let (out, errors) = (try folder.makeFile("out"), try folder.makeFile("errors"))
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try FileHandle(forWritingTo: out)
        process.standardError = try FileHandle(forWritingTo: errors)
        try process.run()
        process.waitUntilExit()
        return Answer(
            code: process.terminationStatus,
            output: String(decoding: try Data(contentsOf: out), as: UTF8.self),
            errors: String(decoding: try Data(contentsOf: errors), as: UTF8.self))
    }
}
