import Foundation

/// What `demo --json` prints.
struct DemoAnswer: Decodable {
    struct Proof: Decodable {
        let workload: String
        let traditional: String
        let partial: String
        let bypass: String
    }
    struct Row: Decodable {
        let route: String
        let workload: String
        let readsPerSecond: Double
        let filterCallbacksRun: UInt64?
        let readsSeenByFilter: [String: UInt64]?
        let readsSeenByVolumeDriver: UInt64?
    }
    struct Filter: Decodable {
        let name: String
        let altitude: String
    }
    struct Cost: Decodable {
        let noOpFilters: Int
    }

    struct Mounted: Decodable {
        struct Passage: Decodable {
            let route: String
            let callbacks: UInt64
        }
        let passages: [Passage]
        let obstacle: String?
    }

    let path: String
    let bytes: UInt64
    let engine: String
    let filters: [Filter]
    let before: StateAnswer.Verdict
    let proofs: [Proof]
    let rows: [Row]
    let filterCosts: [Cost]
    let partial: StateAnswer.Verdict
    let vetoed: StateAnswer.Verdict
    let mounted: Mounted

    init(_ outcome: BuiltCommand.Outcome) throws {
        self = try JSONDecoder().decode(Self.self, from: Data(outcome.output.utf8))
    }
}
