import IOStack
import Minifilters

extension ShippedFilter {
    static let auditKeys = [
        (
            name: "file",
            meaning:
                "where the records go, a line of JSON each; journal for systemd's (docs/audit.md)"
        ),
        (
            name: "reads",
            meaning: "each: refuse BypassIO and record each read; total: only what came of a "
                + "handle (total)"
        ),
        (name: "include", meaning: "a pattern of paths; without one all; as often as wanted"),
        (name: "exclude", meaning: "a pattern of paths that are not recorded"),
        (name: "size", meaning: "MiB after which a new file is begun (64)"),
        (name: "keep", meaning: "how many older files are kept (8)"),
    ]

    static func audit(
        _ values: [(key: String, value: String)], _ log: ServiceLog
    ) throws -> LoadableFilter {
        var path: String?
        var seesEachRead = false
        var scope = FileAudit.Scope()
        var limits = AuditFile.Limits()
        var isLimited = false
        for (key, value) in values {
            switch key {
            case "file": path = value
            case "reads":
                guard ["each", "total"].contains(value) else {
                    throw CommandError(.usage, "reads=\(value): write each or total.")
                }
                seesEachRead = value == "each"
            case "include": scope.included.append(try pattern(key, value))
            case "exclude": scope.excluded.append(try pattern(key, value))
            case "size": limits.size = try number(key, value, 1...65_536) << 20
            default: limits.kept = try number(key, value, 0...1000)
            }
            if ["size", "keep"].contains(key) { isLimited = true }
        }
        guard let path else {
            throw CommandError(.usage, "audit wants a place for its records: audit,file=FILE.")
        }
        let identities = ProcessIdentities()
        let trail = LazyAuditTrail(
            try destination(path, isLimited ? limits : nil) { log.auditFailed($0) })
        let audit = FileAudit(
            seesEachRead: seesEachRead, scope,
            FileAudit.Surroundings(
                actor: { identities.actor($0) }, report: { trail.begun?.take($0) },
                ended: { trail.begun?.flush() }))
        return LoadableFilter(
            registration: audit.registration, begin: { _ in try trail.begin() },
            values: {
                // Another process is about to go on with the file.
                trail.begun?.flush()
                return values
            })
    }

    /// - Parameter limits: nil where nobody named them.
    private static func destination(
        _ path: String, _ limits: AuditFile.Limits?, complain: @escaping @Sendable (String) -> Void
    ) throws -> @Sendable () throws -> any AuditDestination {
        guard path == AuditJournal.word else {
            return { try AuditFile(path, limits ?? AuditFile.Limits(), complain: complain) }
        }
        guard limits == nil else {
            throw CommandError(
                .usage, "size= and keep= are for files: the journal has limits of its own.")
        }
        return { try AuditJournal(complain: complain) }
    }

    private static func pattern(_ key: String, _ value: String) throws -> PathPattern {
        guard let pattern = PathPattern(value) else {
            throw CommandError(.usage, "\(key)=\(value): write a pattern, such as src/** or *.key.")
        }
        return pattern
    }

    private static func number(
        _ key: String, _ value: String, _ range: ClosedRange<Int>
    ) throws -> Int {
        guard let number = Int(value), range.contains(number) else {
            throw CommandError(
                .usage,
                "\(key)=\(value): name a number from \(range.lowerBound) to \(range.upperBound).")
        }
        return number
    }
}
