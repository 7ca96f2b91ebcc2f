import Foundation

/// The folder that these tests were built from, and programs of it.
enum Repository {
    static let path = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path

    static let python = find("python3")

    /// Where the built command lies.
    static var command: String { BuiltCommand.location?.path ?? "" }

    static func file(_ name: String) -> String { "\(path)/\(name)" }

    /// A program of the repository.
    static func run(_ program: String, _ arguments: String...) throws -> BuiltCommand.Outcome {
        try BuiltCommand.start(file(program), arguments)
    }

    /// Python without a trace in the repository; with this module's folder in its path.
    static func python(_ arguments: String...) throws -> BuiltCommand.Outcome {
        guard let python else { throw BuiltCommand.Failure(reason: "no python3") }
        return try BuiltCommand.start(
            python, arguments,
            environment: ["PYTHONPATH": file("python"), "PYTHONDONTWRITEBYTECODE": "1"])
    }

    static func find(_ name: String) -> String? {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        return path.split(separator: ":").map { "\($0)/\(name)" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }
}
