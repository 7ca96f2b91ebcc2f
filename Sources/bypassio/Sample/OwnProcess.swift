import Foundation
import Terminal

/// Runs this program again.
enum OwnProcess {
    /// Decodes the JSON that the program prints; throws a ``CommandError`` if it fails, after its
    /// own message on standard error.
    static func answer<Answer: Decodable>(_ arguments: [String]) throws -> Answer {
        let child = try ChildProcess(
            [ChildProcess.ownProgram] + arguments, input: .inherited, output: .pipe,
            errors: .inherited)
        let answer = try child.output?.readToEnd() ?? Data()
        guard child.waitForEnd() == 0 else {
            throw CommandError(
                .internalError,
                "The process that ran \(arguments.first ?? "") failed; it said why above.")
        }
        return try JSONDecoder().decode(Answer.self, from: answer)
    }
}
