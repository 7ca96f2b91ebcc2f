import Testing

@testable import BypassIOLab

@Suite("Scenario files with faults: line, column, and what was expected")
struct DiagnosticTests {
    struct Fault: Sendable, CustomTestStringConvertible {
        /// The text that replaces a line of the file.
        let line: String
        let column: Int
        let expected: String
        let found: String
        var testDescription: String { line }

        init(_ line: String, _ column: Int, _ expected: String, found: String) {
            (self.line, self.column, self.expected, self.found) = (line, column, expected, found)
        }
    }

    @Test(
        "In the header and the stage",
        arguments: [
            Fault("scenary \"x\"", 1, "scenario, proves", found: "'scenary'"),
            Fault("proves four", 8, "the number of a rule", found: "'four'"),
            Fault("proves 4.3.1,", 14, "the number of a rule", found: "the end of the line"),
            Fault("only in process", 16, "':' and a reason", found: "the end of the line"),
            Fault("known to fail:", 15, "a reason", found: "the end of the line"),
            Fault("filter", 7, "a filter's name", found: "the end of the line"),
            Fault("file ../etc", 6, "a name without '/'", found: "'../etc'"),
            Fault("file \"a", 6, "a closing quotation mark", found: "the end of the line"),
            Fault("file \"a\\n\"", 8, "\\\" or \\\\ in a text", found: "'\\'"),
            Fault("storage driver a | b", 18, "the end of the line", found: "'|'"),
            Fault("    size 4", 5, "a line without a blank before it", found: "'size'"),
        ])
    func header(_ fault: Fault) throws {
        try check(fault, in: "scenario \"t\"\nproves 6.1\n\(fault.line)\n", line: 3)
    }

    @Test(
        "In properties",
        arguments: [
            Fault("    altitude high", 14, "an altitude", found: "'high'"),
            Fault("    altitude 1.2.3", 14, "an altitude", found: "'1.2.3'"),
            Fault("    sees all", 10, "one of nothing, reads", found: "'all'"),
            Fault("    vetoes enabel with STATUS_X \"\"", 12, "one of enable", found: "'enabel'"),
            Fault("    vetoes enable with STATUS_X \"\"", 24, "a status", found: "'STATUS_X'"),
            Fault(
                "    vetoes enable with 0xC0000022", 34, "the reason in quotation marks",
                found: "the end of the line"),
            Fault(
                "    vetoes enable on x with 0xC0000022 \"r\"", 22, "a file that is described",
                found: "'x'"),
            Fault("    legacy filter", 12, "the end of the line", found: "'filter'"),
        ])
    func properties(_ fault: Fault) throws {
        try check(fault, in: "scenario \"t\"\nproves 6.1\nfilter f\n\(fault.line)\n", line: 4)
    }

    @Test(
        "In steps and answers",
        arguments: [
            Fault("  g enable", 3, "a handle that was opened above", found: "'g'"),
            Fault("  h enabel", 5, "enable, disable, query", found: "'enabel'"),
            Fault("  h read 0", 11, "a length in bytes", found: "the end of the line"),
            Fault("  h read -1 4096", 10, "an offset in bytes", found: "'-1'"),
            Fault(
                "  h read 99999999999999999999 1", 10, "an offset in bytes",
                found: "'99999999999999999999'"),
            Fault(
                "  h read 0 17 MiB", 12, "a length in bytes from 0 to 16777216", found: "'17'"),
            Fault("  h read 0 64 KB", 15, "KiB, MiB or GiB", found: "'KB'"),
            Fault("  h read 64 kib 4096", 13, "KiB, MiB or GiB", found: "'kib'"),
            Fault("  h truncate 1 M", 16, "KiB, MiB or GiB", found: "'M'"),
            Fault("  h read 0x1g 1", 10, "an offset in bytes", found: "'0x1g'"),
            Fault("  h enable ->", 14, "an answer", found: "the end of the line"),
            Fault("  h enable -> succes", 15, "an answer", found: "'succes'"),
            Fault("  h enable -> flags X", 21, "a flag: one of none", found: "'X'"),
            Fault("  h enable -> bytes at 3 = G0", 28, "two hexadecimal digits", found: "'G0'"),
            Fault("  h control 0x1 input 65537 bytes", 23, "from 0 to 65536", found: "'65537'"),
            Fault("  h enable extra", 12, "the end of the line", found: "'extra'"),
            Fault("  g = open nothing.pak", 12, "a file that is described", found: "'nothing.pak'"),
            Fault("  h = open f", 3, "a name that is not taken", found: "'h'"),
            Fault("  storage = open f", 11, "saw, sends, vetoes", found: "'='"),
            Fault("  start r h enable", 11, "':'", found: "'h'"),
            Fault("  start h: h enable", 9, "a name that is not taken", found: "'h'"),
            Fault("  start r: h enable -> success", 21, "its answer belongs to", found: "'->'"),
            Fault("  attach g", 10, "a filter that is described above", found: "'g'"),
            Fault("  driver d saw 1 reads", 10, "a volume driver", found: "'d'"),
            Fault("  storage saw many reads", 15, "a number", found: "'many'"),
            Fault("  wait until storage holds 0 reads", 28, "from 1 to 1000", found: "'0'"),
            Fault("steps", 1, "'steps' is the last block", found: "'steps'"),
        ])
    func steps(_ fault: Fault) throws {
        let start = "scenario \"t\"\nproves 6.1\nfile f\nsteps\n  h = open f\n"
        try check(fault, in: "\(start)\(fault.line)\n", line: 6)
    }

    private func check(_ fault: Fault, in source: String, line: Int) throws {
        let found = faults(source)
        let first = try #require(found.first, "no fault was found")
        #expect(
            first.position == SourcePosition(file: "test.lab", line: line, column: fault.column))
        #expect(first.expected.contains(fault.expected), "\(first)")
        #expect(first.found == fault.found)
        #expect(first.description.hasPrefix("test.lab:\(line):\(fault.column): expected "))
    }

    @Test("All faults of a file are told, in their order")
    func several() {
        let lines = faults("scenario x\nproves y\nsteps\n  z\n  storage saws\n").map(
            \.position.line)
        #expect(lines == [1, 2, 4, 5])
    }

    @Test(
        "One fault is told once, not again wherever its name is used",
        arguments: [
            "g = open nothing.pak\n  g enable\n  g query -> success\n  start r: g read 0 4096\n  r returned",
            "start r g enable\n  r returned\n  r is still waiting",
            "start r: h enabel\n  r returned",
        ])
    func once(steps: String) {
        let found = faults(
            "scenario \"t\"\nproves 6.1\nfile f\nsteps\n  h = open f\n  \(steps)\n")
        #expect(found.map(\.position.line) == [6], "\(found)")
    }

    @Test("A filter may name a file that is described below it")
    func below() throws {
        let found = faults(
            "scenario \"t\"\nproves 6.1\nfilter f\n  vetoes enable on later.pak with "
                + "STATUS_ACCESS_DENIED \"no\"\n  vetoes enable on \"a b\" with STATUS_ACCESS_DENIED "
                + "\"no\"\n  vetoes enable on nothing with STATUS_ACCESS_DENIED \"no\"\n"
                + "file later.pak\ndirectory \"a b\"\nsteps\n  h = open later.pak\n")
        #expect(found.map(\.position.line) == [6], "\(found)")
        #expect(found.first?.expected == "a file that is described")
    }

    @Test("A file that says too little tells what is missing")
    func missing() {
        #expect(faults("").count == 3)
        let noSteps = faults("scenario \"t\"\nproves 6.1\n")
        #expect(noSteps.count == 1)
        #expect(noSteps.first?.expected.contains("'steps'") == true)
    }

    @Test("A rule list tells its faults, too")
    func rules() {
        do throws(Diagnostics) {
            _ = try RuleBook(
                parsing: "# 4.3 T\n4.3.1 a\n4.3.1 b\nx y\n4.4.1 c\n", file: "rules.txt")
            Issue.record("no fault")
        } catch {
            #expect(error.all.map(\.position.line) == [3, 4, 5])
        }
    }
}
