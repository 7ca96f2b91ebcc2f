import Foundation
import Testing

/// The output of `state --json`.
struct StateAnswer: Decodable {
    struct Blocker: Decodable {
        let driver: String
        let ntStatus: UInt32
        let ntStatusName: String?
        let win32: UInt32?
        let message: String
        let reason: String
    }
    struct Verdict: Decodable {
        let kind: String
        let blocker: Blocker?
        let storageType: String
        let storageDriver: String
        let isStorageDriverCompatible: Bool
        let flags: [String]
    }
    struct Layer: Decodable {
        let layer: String
        let driver: String
        let isInTheWay: Bool
        let ntStatus: UInt32
        let reason: String?
    }

    let path: String
    let resolvedPath: String
    let verdict: Verdict
    let layers: [Layer]
    let facts: [String]

    /// Runs the command, and expects the exit code of the verdict.
    static func of(_ path: String) throws -> StateAnswer {
        let outcome = try BuiltCommand.run("state", "--json", path)
        #expect(outcome.errors.isEmpty)
        let answer = try JSONDecoder().decode(Self.self, from: Data(outcome.output.utf8))
        #expect(outcome.code == answer.exitCode)
        return answer
    }

    var exitCode: Int32 {
        ["supported": 0, "notSupported": 1, "partiallySupported": 2][verdict.kind] ?? -1
    }

    /// fsutil's lines for this verdict (spec 3.1).
    func fsutilLines(verbose: Bool) -> [String] {
        let compatible =
            verdict.isStorageDriverCompatible ? "BypassIo compatible" : "Not BypassIo compatible"
        let storage = [
            "    Storage Type:   \(verdict.storageType)", "    Storage Driver: \(compatible)",
            "    Driver Name:    \(verdict.storageDriver)",
        ]
        guard let blocker = verdict.blocker else {
            return ["BypassIo on \"\(path)\" is currently supported."] + (verbose ? storage : [])
        }
        let status = "\(blocker.win32.map(String.init) ?? "?") (\(blocker.message))"
        if verdict.kind == "notSupported" {
            return [
                "BypassIo on \"\(path)\" is not currently supported.", "Status: \(status)",
                "Driver: \(blocker.driver)", "Reason: \(blocker.reason)",
            ]
        }
        return [
            "BypassIo on \"\(path)\" is partially supported",
            "    Volume stack bypass is disabled (\(blocker.driver))",
            "      Status:  \(status)", "      Reason:  \(blocker.reason)",
        ] + storage
    }
}
