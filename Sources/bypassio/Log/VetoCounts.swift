import BypassIOProtocol
import ControlInterface
import IOStack

/// Counts vetoes by driver and status. A value under its owner's lock.
///
/// Bounded: drivers come and go while a volume is mounted, and further ones are not counted.
struct VetoCounts: Sendable {
    private struct Key: Hashable {
        let driver: String
        let status: NTStatus
    }

    private static let limit = 1024

    private var counts: [Key: UInt64] = [:]

    mutating func count(_ veto: BypassVeto) {
        let key = Key(driver: veto.driver, status: veto.status)
        guard counts[key] != nil || counts.count < Self.limit else { return }
        counts[key, default: 0] += 1
    }

    var tallies: [VolumeTallies.Vetoes] {
        counts.map { key, count in
            VolumeTallies.Vetoes(driver: key.driver, cause: key.status.shortName, count: count)
        }.sorted { ($0.driver, $0.cause) < ($1.driver, $1.cause) }
    }
}
