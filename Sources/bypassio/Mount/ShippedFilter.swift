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
    case policy
    case process
    case audit
    case undo
    case encrypt
    case scan

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
        case .policy: Self.policyKeys
        case .process: Self.processKeys
        case .audit: Self.auditKeys
        case .undo: Self.undoKeys
        case .encrypt: Self.encryptKeys
        case .scan: Self.scanKeys
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
        case .policy: "allows, denies, asks or hides, by the names of files"
        case .process: "has programs of their own decide, in any language, by a port"
        case .audit: "writes down who does what to which file"
        case .undo: "keeps the old state of what is changed, so that it can be taken back"
        case .encrypt: "keeps files encrypted, in the format of gocryptfs with plain names"
        case .scan: "has clamd scan files before they are read, and keeps its verdicts"
        case .fault: "delays, fails, cuts, damages or holds requests, by rules: for tests"
        }
    }

    /// What there is no such filter without, to make one that is never attached.
    var neededSettings: [(key: String, value: String)] {
        switch self {
        case .policy: [("profile", PolicyProfile.builtInNames[0])]
        case .audit: [("file", "/dev/null")]
        case .undo: [("store", "/")]
        case .encrypt: [("passfile", "/dev/null")]
        default: []
        }
    }

    /// Makes a filter with these settings; throws a ``CommandError`` for a wrong value. `altitude`
    /// is where it will be attached, nil for its own; `volume` is nil for a filter that never will
    /// be; `isSuccessor`: another process had it attached; the filter's messages go to `log`.
    func make(
        _ values: [(key: String, value: String)], altitude: Altitude? = nil,
        on volume: Volume? = nil, isSuccessor: Bool = false, log: ServiceLog = .silent
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
        case .policy: try Self.policy(values, log)
        case .process: try Self.process(values, log)
        case .audit: try Self.audit(values, log)
        case .undo: try Self.undo(values, log)
        case .encrypt: try Self.encrypt(values, on: volume, isSuccessor: isSuccessor)
        case .scan: try Self.scan(values, on: volume, isSuccessor: isSuccessor, log)
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

    /// A value that names a file: whoever makes the filter may be in another directory.
    func isPath(_ key: String, _ value: String) -> Bool {
        if self == .audit { return key == "file" && value != AuditJournal.word }
        if self == .undo { return key == "store" }
        if self == .scan {
            return ["socket", "quarantine"].contains(key) || (key == "store" && value != "none")
        }
        if self == .encrypt { return key == "passfile" || key == "conf" }
        guard self == .policy else { return false }
        return key == "answers" || (key == "profile" && PolicyProfile.builtInText(value) == nil)
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

extension ShippedFilter {
    static let faultKeys = [
        (
            name: "rule",
            meaning: "GLOB;word;… what to do to which requests (docs/faults.md); once for each rule"
        ),
        (name: "seed", meaning: "of what happens with a probability (1)"),
        (name: "remove", meaning: "later: a rule's name, or all: it hits no more"),
        (name: "release", meaning: "later: a rule's name, or all: what it holds goes on"),
    ]

    static func fault(_ values: [(key: String, value: String)]) throws -> LoadableFilter {
        var seed: UInt64 = 1
        var rules: [FaultRule] = []
        for (key, value) in values {
            switch key {
            case "rule":
                let rule = try rule(value)
                guard rule.name.isEmpty || !rules.contains(where: { $0.name == rule.name }) else {
                    throw CommandError(.usage, "Two rules are called \(rule.name).")
                }
                rules.append(rule)
            case "seed":
                guard let number = UInt64(value) else {
                    throw CommandError(.usage, "seed=\(value): name a number, 0 or more.")
                }
                seed = number
            default:
                throw CommandError(
                    .usage,
                    "\(key) is for a filter that is attached: bypassio set fault \(key)=\(value) "
                        + "MOUNTPOINT.")
            }
        }
        let fault = FaultFilter(seed: seed)
        // It is attached nowhere, so there is no bypass to wait for.
        for rule in rules { try fault.add(rule) }
        return LoadableFilter(
            registration: fault.registration, change: { try change(fault, $0, $1) },
            settings: { [seed] in settings(of: fault, seed) },
            values: { [seed] in
                [("seed", String(seed))] + fault.rules.map { ("rule", $0.rule.text) }
            })
    }

    private static func rule(_ text: String) throws -> FaultRule {
        do throws(FaultRuleError) {
            return try FaultRule(text)
        } catch {
            throw CommandError(.usage, "rule=\(text): \(error).")
        }
    }

    private static func change(_ fault: FaultFilter, _ key: String, _ value: String) throws {
        switch key {
        case "rule": return try fault.add(try rule(value))
        case "remove", "release": break
        default: throw LoadableFilter.FixedSetting()
        }
        let name = value == "all" ? nil : value
        guard name == nil || fault.rules.contains(where: { $0.rule.name == name }) else {
            let known = fault.rules.map(\.rule.name).joined(separator: ", ")
            throw CommandError(
                .usage,
                "There is no rule \(value); "
                    + (known.isEmpty ? "there are none." : "there are \(known).")
            )
        }
        if key == "remove" { fault.remove(name) } else { fault.release(name) }
    }

    /// As they are now, with what the rules have done.
    private static func settings(of fault: FaultFilter, _ seed: UInt64) -> [String: String] {
        var settings = ["seed": String(seed)]
        for (rule, hits, held) in fault.rules {
            settings["rule \(rule.name)"] =
                "\(rule.text) (hit \(hits) time\(hits == 1 ? "" : "s")"
                + (held > 0 ? ", holds \(held))" : ")")
        }
        return settings
    }
}

/// The harmless file that tests virus scanners. It is assembled here so that no scanner takes this
/// program for it.
enum TestSignature {
    static var all: [Signature] {
        let text = ["X5O!P%@AP[4", "\\PZX54(P^)7CC)7}$", "EICAR-STANDARD", "-ANTIVIRUS-TEST-FILE"]
        return [Signature(name: "EICAR-Test-File", pattern: Array(text.joined().utf8))]
            .compactMap(\.self)
    }
}
