import Foundation
import Testing

extension LiveMount {
    /// What `bypassio COMMAND --json PATH` prints, by default of the mount itself.
    func facts(_ command: String, _ path: String? = nil) throws -> [String: Any] {
        let program = try #require(BuiltPrograms.bypassio)
        let outcome = try Program(program, [command, "--json", path ?? mountpoint]).run(within: 20)
        let value = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
        return try #require(value as? [String: Any])
    }
}
