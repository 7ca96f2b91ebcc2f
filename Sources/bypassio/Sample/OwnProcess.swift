import Foundation

/// This program, run once more.
enum OwnProcess {
    /// What it prints as JSON; throws a ``CommandError`` if it fails, which has said why on
    /// standard error.
    static func answer<Answer: Decodable>(_ arguments: [String]) throws -> Answer {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let answer = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw CommandError(
                .internalError,
                "The process that ran \(arguments.first ?? "") failed; it said why above.")
        }
        return try JSONDecoder().decode(Answer.self, from: answer)
    }
}
