import IOStack
import Minifilters

/// The filters that the command line can name.
enum ShippedFilter: String, CaseIterable {
    case readaudit
    case contentscan
    case accessheat
    case noop
    case legacy
    case fault

    static var names: String { allCases.map(\.rawValue).joined(separator: ", ") }

    /// The filter's settings.
    var keys: [(name: String, meaning: String)] {
        switch self {
        case .readaudit:
            [
                ("records", "how many of the newest reads are remembered (4096)"),
                ("every-read", "yes: refuse BypassIO, so that every read is seen (no)"),
                ("log", "records: each read audited is a line of the mount's log (none)"),
            ]
        case .contentscan:
            [
                ("signature", "NAME:TEXT to look for, beside the harmless EICAR test file"),
                ("verdicts", "of how many files verdicts are kept (32768)"),
            ]
        case .fault: Self.faultKeys
        case .accessheat, .noop, .legacy: []
        }
    }

    var abstract: String {
        switch self {
        case .readaudit: "records who reads what"
        case .contentscan: "looks for signatures in what is read, and fails the read that finds one"
        case .accessheat: "counts reads by region, and does not mind those that bypass"
        case .noop: "looks at every read and does nothing, for measuring; any number of them"
        case .legacy: "knows no BypassIO and so ends it for the whole volume: a demonstration"
        case .fault: "delays, fails, cuts, damages or holds requests, by rules: for tests"
        }
    }

    /// Makes a filter with these settings; throws a ``CommandError`` for a wrong value. `altitude`
    /// is where it will be attached, nil for its own; the filter's messages go to `log`.
    func make(
        _ values: [(key: String, value: String)], altitude: Altitude? = nil,
        log: ServiceLog = .silent
    ) throws -> LoadableFilter {
        switch self {
        case .readaudit: loadable(try readAudit(values, log))
        case .contentscan:
            LoadableFilter(registration: try contentScanner(values, log).registration)
        case .accessheat: LoadableFilter(registration: AccessHeat().registration)
        case .noop:
            LoadableFilter(
                registration: NoOpFilter(altitude: altitude ?? NoOpFilter.usualAltitude)
                    .registration)
        case .legacy: LoadableFilter(registration: LegacyFilter().registration)
        case .fault: try Self.fault(values)
        }
    }

    private func loadable(_ audit: ReadAudit) -> LoadableFilter {
        LoadableFilter(
            registration: audit.registration,
            change: { key, value in
                guard key == "every-read" else { throw LoadableFilter.FixedSetting() }
                if let failure = audit.requireEveryRead(try Self.truth(key, value)) {
                    throw failure
                }
            })
    }

    /// Throws a ``CommandError`` for what is no setting of the filter.
    func check(_ key: String) throws {
        guard !keys.contains(where: { $0.name == key }) else { return }
        let known = keys.map(\.name).joined(separator: ", ")
        throw CommandError(
            .usage,
            "The filter \(rawValue) has no setting \(key); "
                + (known.isEmpty ? "it has none." : "it has \(known)."))
    }

    private func readAudit(
        _ values: [(key: String, value: String)], _ log: ServiceLog
    ) throws -> ReadAudit {
        var records = 4096
        var seesEveryRead = false
        var isLogged = false
        for (key, value) in values {
            switch key {
            case "records": records = try Self.count(key, value)
            case "log":
                guard ["records", "none"].contains(value) else {
                    throw CommandError(.usage, "log=\(value): write records or none.")
                }
                isLogged = value == "records"
            default: seesEveryRead = try Self.truth(key, value)
            }
        }
        let report: @Sendable (AuditRecord, String) -> Void = { log.recorded($0, path: $1) }
        let audit = ReadAudit(capacity: records, report: isLogged ? report : nil)
        if seesEveryRead { audit.requireEveryRead(true) }
        return audit
    }

    private func contentScanner(
        _ values: [(key: String, value: String)], _ log: ServiceLog
    ) throws -> ContentScanner {
        var signatures = TestSignature.all
        var verdicts = 32_768
        for (key, value) in values {
            if key == "verdicts" {
                verdicts = try Self.count(key, value)
            } else {
                signatures.append(try Self.signature(value))
            }
        }
        return ContentScanner(signatures: signatures, keptVerdicts: verdicts) { log.found($0) }
    }

    private static func signature(_ value: String) throws -> Signature {
        let parts = value.split(separator: ":", maxSplits: 1).map(String.init)
        guard parts.count == 2,
            let signature = Signature(name: parts[0], pattern: Array(parts[1].utf8))
        else {
            throw CommandError(.usage, "signature=\(value): write NAME:TEXT.")
        }
        return signature
    }

    private static func count(_ key: String, _ value: String) throws -> Int {
        guard let count = Int(value), (1...1_000_000).contains(count) else {
            throw CommandError(.usage, "\(key)=\(value): name a number from 1 to 1000000.")
        }
        return count
    }

    private static func truth(_ key: String, _ value: String) throws -> Bool {
        switch value {
        case "yes", "true", "1": return true
        case "no", "false", "0": return false
        default: throw CommandError(.usage, "\(key)=\(value): write yes or no.")
        }
    }
}
