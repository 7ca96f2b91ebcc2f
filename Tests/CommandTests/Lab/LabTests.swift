import Foundation
import Testing

@Suite("bypassio lab", .enabled(if: BuiltCommand.isThere, "\(BuiltCommand.whyNot)"))
struct LabTests {
    private let folder: Workspace

    init() throws { folder = try Workspace() }

    private func file(_ name: String, _ text: String) throws -> String {
        try folder.write(name, Array(text.utf8))
    }

    @Test("new writes a scenario that run passes, and leaves files alone that exist")
    func newAndRun() throws {
        let path = folder.path("mine.lab")
        #expect(try BuiltCommand.run("lab", "new", path).code == 0)
        let outcome = try BuiltCommand.run("lab", "run", path)
        #expect(outcome.code == 0, "\(outcome.output)\(outcome.errors)")
        #expect(outcome.lines.last == "1 scenario: 1 passed, 0 failed")
        expectError(try BuiltCommand.run("lab", "new", path), code: 73, saying: path)
        let printed = try BuiltCommand.run("lab", "new")
        #expect(try printed.output == folder.text("mine.lab"))
    }

    @Test("A wrong answer: exit code 1, the place, expected and got")
    func difference() throws {
        let path = try file(
            "wrong.lab",
            "scenario \"t\"\nproves 6.1\nfile a\nsteps\n  h = open a\n  h get-info -> count 3\n")
        let outcome = try BuiltCommand.run("lab", "run", "--quiet", path)
        #expect(outcome.code == 1)
        #expect(
            outcome.lines == [
                "FAIL  \(path): t", "\(path):6:17: step 2: h get-info",
                "      expected  got", "    ! count 3   count 0",
                "1 scenario: 0 passed, 1 failed",
            ])
    }

    @Test("An open that fails is one difference: the steps on its handle are left out")
    func failedOpen() throws {
        let path = try file(
            "gone.lab",
            "scenario \"t\"\nproves 6.1\nfile a\nsteps\n  dismount\n  h = open a noncached\n"
                + "  h enable\n  start r: h read 0 4096\n  r returned -> 4096 bytes\n"
                + "  c = duplicate of h\n  c query -> success\n")
        let outcome = try BuiltCommand.run("lab", "run", path)
        #expect(outcome.code == 1)
        #expect(
            outcome.lines.filter { $0.hasPrefix("\(path):") } == [
                "\(path):6:3: step 2: h = open a noncached"
            ])
    }

    @Test("Faults of files: exit code 65, each with line and column")
    func faults() throws {
        let first = try file("a.lab", "scenario t\nproves x\n")
        let second = try file("b.lab", "scenario \"t\"\nproves 6.1\nsteps\n  nothing\n")
        let outcome = try BuiltCommand.run("lab", "run", first, second)
        #expect(outcome.code == 65)
        #expect(outcome.output.isEmpty)
        #expect(outcome.errorLines.count == 3)
        #expect(outcome.errorLines.first?.hasPrefix("\(first):1:10: expected a title") == true)
        #expect(outcome.errorLines.last?.hasPrefix("\(second):4:3: expected a handle") == true)
    }

    @Test("No such file, a folder without scenarios, no file at all")
    func missing() throws {
        expectError(
            try BuiltCommand.run("lab", "run", "/nowhere.lab"), code: 66, saying: "/nowhere")
        expectError(
            try BuiltCommand.run("lab", "run", folder.path(".")), code: 66, saying: "no scenario")
        expectUsageError(try BuiltCommand.run("lab", "run"))
    }

    @Test("A folder that nothing can be made in, for the mount's files")
    func noFolder() throws {
        let path = folder.path("mine.lab")
        #expect(try BuiltCommand.run("lab", "new", path).code == 0)
        expectError(
            try BuiltCommand.run("lab", "run", "--mount", "--folder", "/proc", path), code: 73,
            saying: "--folder")
    }

    @Test("conformance: a rule without a scenario, a scenario of no rule")
    func conformance() throws {
        try folder.makeFolder("suite")
        try folder.write("suite/rules.txt", Array("# 6 T\n6.1 One.\n6.2 Two.\n".utf8))
        let good = "scenario \"t\"\nproves 6.1\nfile a\nsteps\n  h = open a\n"
        try folder.write("suite/one.lab", Array(good.utf8))
        let table = folder.path("table.md")
        let suite = folder.path("suite")
        let outcome = try BuiltCommand.run("lab", "conformance", "--write", table, suite)
        #expect(outcome.code == 1)
        #expect(outcome.errors.contains("rule 6.2 has no scenario"))
        let text = try folder.text("table.md")
        #expect(text.contains("| 6.1 | One. | [t](../suite/one.lab) | passes | passes |"))
        #expect(text.contains("| 6.2 | Two. | none | | |"))
        try folder.write("suite/two.lab", Array(good.replacing("6.1", with: "9.9").utf8))
        #expect(try BuiltCommand.run("lab", "conformance", suite).code == 65)
    }
}
