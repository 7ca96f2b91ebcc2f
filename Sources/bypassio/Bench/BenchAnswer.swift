import BypassIOBench
import Terminal

/// The results of a run: the figures, and the proof if requested.
struct BenchAnswer: Encodable {
    let report: BenchReport
    let proof: ProofReport?
    /// Why there is no proof although it was requested; one sentence.
    let proofObstacle: String?

    private enum CodingKeys: CodingKey {
        case proof
        case proofObstacle
    }

    /// Encodes the report's fields and these on the same level.
    func encode(to encoder: any Encoder) throws {
        try report.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encodeIfPresent(proof, forKey: .proof)
        try container.encodeIfPresent(proofObstacle, forKey: .proofObstacle)
    }

    var lines: [String] {
        report.lines + (proofObstacle.map { ["Left out: \(Proof.name): \($0)".asSentence] } ?? [])
            + (proof.map { [""] + $0.lines } ?? [])
    }
}
