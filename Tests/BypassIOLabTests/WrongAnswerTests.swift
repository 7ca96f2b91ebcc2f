import BypassIOProtocol
import IOStack
import Testing

@testable import BypassIOLab

@Suite("A wrong answer is found wrong, whatever it is about")
struct WrongAnswerTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let right: String
        let wrong: String
        /// The answer that the difference has to show.
        let got: String
        var testDescription: String { wrong }

        init(_ right: String, _ wrong: String, got: String) {
            (self.right, self.wrong, self.got) = (right, wrong, got)
        }
    }

    private static let stage = """
        scenario "t"
        proves 6.1
        filter f.sys
        filter late.sys
            altitude 100
            attached later
        file a
        file c
            compressed
        steps
            h = open a noncached
            c = open c noncached
            h enable

        """

    static let cases = [
        Case("h query -> success", "h query -> STATUS_CANCELLED", got: "success"),
        Case("h query -> success", "c query -> success", got: "vetoed STATUS_NOT"),
        Case(
            "c query -> vetoed 0xC00004CA", "c query -> vetoed 0xC00004CB",
            got: "vetoed STATUS_NOT_SUPPORTED_WITH_COMPRESSION"),
        Case(
            "c query -> vetoed 0xC00004CA", "h query -> vetoed 0xC00004CA", got: "success"),
        Case("c query -> win32 496", "c query -> win32 497", got: "win32 496"),
        Case("c query -> driver ntfs.sys", "c query -> driver f.sys", got: "driver \"ntfs.sys\""),
        Case("c query -> driver file-system", "h query -> driver file-system", got: "success"),
        Case(
            "c query -> reason \"The file is compressed.\"", "c query -> reason \"\"",
            got: "The file is compressed."),
        Case("h query -> information 352", "h query -> information 24", got: "information 352"),
        Case(
            "h query -> flags COMPATIBLE_STORAGE_DRIVER", "h query -> flags none",
            got: "flags COMPATIBLE_STORAGE_DRIVER"),
        Case("h get-info -> count 1", "h get-info -> count 2", got: "count 1"),
        Case("h get-info -> count 1", "h query -> count 1", got: "no FS_BPIO_INFO"),
        Case(
            "h get-info -> storage-driver stornvme.sys", "h get-info -> storage-driver x",
            got: "storage-driver \"stornvme.sys\""),
        Case("h query -> bytes at 0 = 03", "h query -> bytes at 0 = 04", got: "bytes at 0 = 03"),
        Case("h query -> bytes at 0 = 03", "h query -> bytes at 4000 = 03", got: "352 bytes"),
        Case("h disable -> untouched from 24", "h disable -> untouched from 23", got: "byte 23"),
        Case("h read 0 512 -> 512 bytes", "h read 0 512 -> 511 bytes", got: "512 bytes"),
        Case("h read 0 512 -> full bypass", "h read 0 512 -> traditional", got: "full bypass"),
        Case("c read 0 512 -> traditional", "c read 0 512 -> full bypass", got: "traditional"),
        Case(
            "h read 0 512 -> full bypass", "h read 0 512 -> because misaligned",
            got: "no known cause"),
        Case("filter f.sys saw 1 enable", "filter f.sys saw 2 enable", got: "1"),
        Case("filter f.sys saw 0 reads", "filter f.sys saw 1 reads", got: "0"),
        Case(
            "filter f.sys learned success", "filter f.sys learned STATUS_CANCELLED",
            got: "success"),
        Case("h stream -> open-count 1", "h stream -> open-count 0", got: "open-count 1"),
        Case("h stream -> not paused", "h stream -> paused", got: "not paused"),
        Case("h stream -> enabled", "h stream -> not enabled", got: "enabled"),
        Case("h stream -> not suspended", "h stream -> suspended by mapped", got: "not suspended"),
        Case("attach late.sys", "detach late.sys", got: "STATUS_FLT_INSTANCE_NOT_FOUND"),
        Case("filter f.sys saw 1 enable", "filter f.sys was told success", got: "not called"),
    ]

    @Test(arguments: cases)
    func isFound(_ wrong: Case) throws {
        let right = try play(wrong.right)
        #expect(right.verdict == .passed, "\(right.lines.joined(separator: "\n"))")
        let result = try play(wrong.wrong)
        #expect(result.verdict == .failed)
        #expect(result.reports.count == 1)
        let report = try #require(result.reports.first)
        #expect(report.position.line == 14)
        let row = try #require(report.rows.first { $0.got != nil })
        #expect(row.got?.contains(wrong.got) == true, "\(row)")
        #expect(report.lines.first?.hasPrefix("t.lab:14:") == true)
    }

    private func play(_ steps: String) throws -> ScenarioResult {
        let text = Self.stage + steps.split(separator: "\n").map { "    \($0)\n" }.joined()
        var runner = ScenarioRunner()
        runner.patience = 1
        return runner.runInProcess(try Scenario(parsing: text, file: "t.lab"))
    }

    @Test("What does not wait is not still waiting, and what waits has not returned")
    func waiting() throws {
        let returned = try play("start p: h stream-pause\np is still waiting")
        #expect(returned.reports.first?.rows.first?.got == "success")
        let waits = try play("storage holds reads\nstart r: h read 0 512\nr returned -> 512 bytes")
        #expect(waits.reports.first?.rows.first?.expected == "an end")
        let stuck = try play("storage holds reads\nh read 0 512")
        #expect(stuck.reports.first?.rows.first?.got?.contains("still waits") == true)
        let absent = try play("wait until storage holds 1 read")
        #expect(absent.verdict == .failed)
    }

    @Test("Wrong bytes are found without being asked for")
    func contents() throws {
        let files = FileContents([FileDescription(path: "a")])
        let bytes = FileContents.initial(FileDescription(path: "a"))
        #expect(files.firstDifference(Array(bytes[512..<1024]), at: 512, of: "a") == nil)
        #expect(files.firstDifference(Array(bytes[513..<1024]), at: 512, of: "a") != nil)
        files.write([1, 2, 3], at: 600, of: "a")
        #expect(files.firstDifference(Array(bytes[512..<1024]), at: 512, of: "a") == 600)
    }

    @Test("A mark of a known failure is held against a scenario that passes")
    func knownFailure() throws {
        let header = "scenario \"t\"\nproves 6.1\nknown to fail: a reason\nfile a\nsteps\n"
        let passing = try Scenario(parsing: header + "  h = open a\n", file: "t.lab")
        let passed = ScenarioRunner().runInProcess(passing)
        #expect(passed.verdict == .passedUnexpectedly(reason: "a reason"))
        #expect(!passed.isAccepted)
        let failing = try Scenario(
            parsing: header + "  h = open a\n  h query -> information 1\n", file: "t.lab")
        let failed = ScenarioRunner().runInProcess(failing)
        #expect(failed.verdict == .failedAsKnown(reason: "a reason"))
        #expect(failed.isAccepted)
    }
}
