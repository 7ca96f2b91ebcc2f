import IOStack
import Minifilters

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
            settings: { [seed] in settings(of: fault, seed) })
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
