import Testing

@Suite(.enabled(if: BuiltCommand.isThere, "\(BuiltCommand.whyNot)"))
struct BenchErrorTests {
    @Test(
        arguments: [
            ["--rounds", "0"], ["--rounds", "1001"], ["--seconds", "0"], ["--seconds", "x"],
            ["--only", "nonsense"], ["--only", ""], ["--peer", "name"], ["--nonsense"],
            ["--routes", "--only", "stat"], ["--day", "--quick"], ["--day", "--peer", "a=/"],
        ])
    func aWrongCommandLine(options: [String]) throws {
        expectUsageError(try BuiltCommand.run(["bench"] + options))
    }

    @Test func aFolderThatIsNone() throws {
        let folder = try Workspace()
        try folder.write("file", [1])
        for path in [folder.path("file"), folder.path("nowhere/at/all"), "/proc"] {
            let outcome = try BuiltCommand.run(
                "bench", "--quick", "--only", "4k-1", "--folder", path)
            #expect(outcome.code == 73)
            #expect(outcome.output.isEmpty)
            #expect(outcome.errorLines.last?.contains(path) == true, "\(outcome.errors)")
        }
        #expect(try folder.names() == ["file"])
    }

    @Test func aReportThatCannotBeWrittenIsToldBeforeAnythingIsMeasured() throws {
        let folder = try Workspace()
        expectError(
            try BuiltCommand.run(
                "bench", "--quick", "--folder", folder.path("."), "--html",
                folder.path("nowhere/r.html")), code: 73, saying: "r.html")
        #expect(try folder.names().isEmpty)
    }
}
