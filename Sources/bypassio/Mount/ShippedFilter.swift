import IOStack
import Minifilters

/// The filters that can be named on the command line.
enum ShippedFilter: String, CaseIterable {
    case readaudit
    case contentscan
    case accessheat
    case noop

    static var names: String { allCases.map(\.rawValue).joined(separator: ", ") }

    /// What can be set.
    var keys: [(name: String, meaning: String)] {
        switch self {
        case .readaudit:
            [
                ("records", "how many of the newest reads are remembered (4096)"),
                ("every-read", "yes: refuse BypassIO, so that every read is seen (no)"),
            ]
        case .contentscan:
            [
                ("signature", "NAME:TEXT to look for, beside the harmless EICAR test file")
            ]
        case .accessheat, .noop: []
        }
    }

    var abstract: String {
        switch self {
        case .readaudit: "records who reads what"
        case .contentscan: "looks for signatures in what is read, and fails the read that finds one"
        case .accessheat: "counts reads by region, and does not mind those that bypass"
        case .noop: "looks at every read and does nothing, for measuring; any number of them"
        }
    }

    /// A new filter with these settings; throws a ``CommandError`` for a wrong value. `altitude` is
    /// where it will be attached, nil for its own.
    func make(
        _ values: [(key: String, value: String)], altitude: Altitude? = nil
    ) throws -> FilterRegistration {
        switch self {
        case .readaudit: try readAudit(values).registration
        case .contentscan: ContentScanner(signatures: try signatures(values)).registration
        case .accessheat: AccessHeat().registration
        case .noop: NoOpFilter(altitude: altitude ?? NoOpFilter.usualAltitude).registration
        }
    }

    private func readAudit(_ values: [(key: String, value: String)]) throws -> ReadAudit {
        var records = 4096
        var seesEveryRead = false
        for (key, value) in values {
            if key == "records" {
                guard let count = Int(value), (1...1_000_000).contains(count) else {
                    throw CommandError(
                        .usage, "records=\(value): name a number from 1 to 1000000.")
                }
                records = count
            } else {
                seesEveryRead = try Self.truth(key, value)
            }
        }
        let audit = ReadAudit(capacity: records)
        if seesEveryRead { audit.requireEveryRead(true) }
        return audit
    }

    private func signatures(_ values: [(key: String, value: String)]) throws -> [Signature] {
        try TestSignature.all
            + values.map { _, value in
                let parts = value.split(separator: ":", maxSplits: 1).map(String.init)
                guard parts.count == 2,
                    let signature = Signature(name: parts[0], pattern: Array(parts[1].utf8))
                else {
                    throw CommandError(.usage, "signature=\(value): write NAME:TEXT.")
                }
                return signature
            }
    }

    private static func truth(_ key: String, _ value: String) throws -> Bool {
        switch value {
        case "yes", "true", "1": return true
        case "no", "false", "0": return false
        default: throw CommandError(.usage, "\(key)=\(value): write yes or no.")
        }
    }
}
