import Foundation

/// The part of the output of `bench --json` that tests check.
struct BenchAnswer: Decodable {
    struct Spread: Decodable {
        let median: Double
        let min: Double
        let max: Double
    }
    struct Route: Decodable, Hashable {
        let name: String
        let kind: String
        let filters: Int?
    }
    struct Row: Decodable {
        let route: Route
        let operationsPerSecond: Spread?
        let latency50: Spread?
        let latency99: Spread?
        let ownCPU: Spread?
        let serviceCPU: Spread?
        let contextSwitches: Spread?
        let throughputRatio: Spread?
    }
    struct Result: Decodable {
        let workload: String
        let rows: [Row]
    }
    struct LeftOut: Decodable {
        let route: Route
        let workload: String?
        let reason: String
    }
    struct Settings: Decodable {
        let rounds: Int
        let command: String
    }

    let format: Int
    let settings: Settings
    let results: [Result]
    let leftOut: [LeftOut]
    let notes: [String]
    let proof: ProofAnswer?
    let proofObstacle: String?

    init(_ outcome: BuiltCommand.Outcome) throws {
        self = try JSONDecoder().decode(Self.self, from: Data(outcome.output.utf8))
    }
}
