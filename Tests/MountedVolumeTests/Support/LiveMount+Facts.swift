import Foundation
import Testing

extension LiveMount {
    /// The output of `bypassio COMMAND --json PATH`, by default for the mount itself.
    func facts(_ command: String, _ path: String? = nil) throws -> [String: Any] {
        let program = try #require(BuiltPrograms.bypassio)
        let outcome = try Program(program, [command, "--json", path ?? mountpoint]).run(within: 20)
        let value = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
        return try #require(value as? [String: Any])
    }
}
