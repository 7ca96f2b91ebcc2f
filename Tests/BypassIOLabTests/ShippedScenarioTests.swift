import Testing

@testable import BypassIOLab

@Suite("The conformance suite in process, and its table")
struct ShippedScenarioTests {
    @Test("Every scenario brings the answers that its rule demands", arguments: ShippedFiles.all)
    func plays(_ file: ShippedFiles.File) throws {
        let scenario = try Scenario(parsing: file.text, file: file.path)
        let result = ScenarioRunner().runInProcess(scenario)
        #expect(result.isAccepted, "\(result.lines.joined(separator: "\n"))")
    }

    @Test("At least 60 scenarios lie there")
    func count() {
        #expect(ShippedFiles.all.count >= 60)
    }

    @Test("What bypassio lab new writes passes")
    func starter() throws {
        let scenario = try Scenario(parsing: StarterScenario.text, file: "new.lab")
        let result = ScenarioRunner().runInProcess(scenario)
        #expect(result.verdict == .passed, "\(result.lines.joined(separator: "\n"))")
    }

    @Test("Every rule has a scenario, every scenario its rules, and docs/conformance.md says so")
    func table() throws {
        let book = try RuleBook(parsing: ShippedFiles.rules, file: "rules.txt")
        let entries = try ShippedFiles.all.map { file in
            let scenario = try Scenario(parsing: file.text, file: file.path)
            return ConformanceTable.Entry(
                path: file.path, inProcess: ScenarioRunner().runInProcess(scenario), onMount: nil)
        }
        let table = ConformanceTable(book, entries)
        #expect(table.unproven.isEmpty)
        #expect(table.unknown.isEmpty)
        let written = ShippedFiles.text("\(ShippedFiles.root)/docs/conformance.md")
        #expect(
            table.markdown(folder: "../Scenarios") == written,
            "bypassio lab conformance --mount --write docs/conformance.md Scenarios")
    }

    @Test("Sections 4 and 6 have all their rules")
    func sections() throws {
        let book = try RuleBook(parsing: ShippedFiles.rules, file: "rules.txt")
        let sections = Set(book.sections.map(\.number))
        #expect(sections.isSuperset(of: ["4.1", "4.2", "4.3", "4.4", "4.5", "4.6", "4.7", "6"]))
        let decisions = book.rules.filter { $0.number.section == "6" }.map(\.number.description)
        #expect(decisions == (1...11).map { "6.\($0)" })
    }
}
