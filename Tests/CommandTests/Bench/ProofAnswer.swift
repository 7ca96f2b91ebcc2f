import Foundation

/// The proof in the output of `bench --json`.
struct ProofAnswer: Decodable {
    struct Comparison: Decodable {
        let workload: String
        let traditional: String
        let partial: String
        let bypass: String
    }
    struct Row: Decodable {
        let route: String
        let workload: String
        let readsPerSecond: Double
        let filterCallbacksRun: UInt64
        let readsSeenByFilter: [String: UInt64]
        let readsSeenByVolumeDriver: UInt64
    }
    struct Filter: Decodable {
        let name: String
        let altitude: String
    }

    let path: String
    let bytes: UInt64
    let engine: String
    let filters: [Filter]
    let before: StateAnswer.Verdict
    let comparisons: [Comparison]
    let rows: [Row]
    let partial: StateAnswer.Verdict
    let vetoed: StateAnswer.Verdict
}
