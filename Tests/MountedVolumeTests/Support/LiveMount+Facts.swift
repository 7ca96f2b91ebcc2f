import BypassIOProtocol
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

    /// Requests that the filter `fault` holds; -1 while no service tells.
    func heldRequests() throws -> Int {
        let program = try #require(BuiltPrograms.bypassio)
        let outcome = try Program(program, ["instances", "--json", mountpoint]).run(within: 120)
        let instances = try? JSONDecoder().decode(
            [InstanceReport].self, from: Data(outcome.output.utf8))
        guard let instances else { return -1 }
        let words = instances.flatMap(\.settings.values).joined(separator: " ")
            .split { " ()".contains($0) }
        return zip(words, words.dropFirst()).reduce(0) { sum, pair in
            sum + (pair.0 == "holds" ? Int(pair.1) ?? 0 : 0)
        }
    }

    /// Asks again and again, for a minute.
    static func eventually(_ isSo: () throws -> Bool) rethrows -> Bool {
        for _ in 0..<2400 {
            if try isSo() { return true }
            usleep(25_000)
        }
        return try isSo()
    }
}
