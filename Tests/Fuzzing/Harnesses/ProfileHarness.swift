@testable import Minifilters

/// Any text is a profile of rules, or its first fault is told with its place; paths meet its rules
/// in bounded time.
enum ProfileHarness: Harness {
    static let name = "profile"

    static func attempt(_ input: [UInt8]) {
        let text = String(decoding: input, as: UTF8.self)
        let lines = text.split(whereSeparator: \.isNewline)
        do throws(PolicyProfileError) {
            let profile = try PolicyProfile(text, name: "p", user: { UInt32($0.utf8.count) })
            demand(profile.rules.count <= input.count, "a rule takes bytes")
            for rule in profile.rules { try check(rule) }
            decide(PolicyTable(profile.rules), lines.prefix(8).map(String.init))
        } catch {
            demand(error.line >= 1 && error.column >= 1, "a fault has a place")
            demand(error.line <= input.count + 1, "a fault's line is one of the text")
            demand(!error.message.isEmpty, "a fault is told")
        }
    }

    /// What is shown of a rule is the rule.
    private static func check(_ rule: PolicyRule) throws(PolicyProfileError) {
        let again = try PolicyProfile(rule.text, name: "p", user: { UInt32($0.utf8.count) })
        demand(again.rules.count == 1, "a rule's text is one rule: \(rule.text)")
        guard let told = again.rules.first else { return }
        demand(
            told.action == rule.action && told.operations == rule.operations
                && told.program == rule.program && told.user == rule.user
                && told.patterns.map(\.text) == rule.patterns.map(\.text),
            "a rule's text says the same: \(rule.text)")
    }

    private static func decide(_ table: PolicyTable, _ paths: [String]) {
        let actor = PolicyActor(user: 1000, process: 7, program: "/usr/bin/cat")
        for path in paths {
            let rule = table.rule(for: path, .read, actor)
            demand(
                rule.map { !$0.restricts || table.restricts(path) } ?? true,
                "a path that a rule restricts is a restricted one")
            for other in paths {
                _ = table.tells(path, from: other)
                _ = table.ruleForMore(below: path, than: other, .read, actor)
            }
        }
    }
}
