import Foundation
import Testing

@Suite(.enabled(if: BuiltCommand.isThere, "\(BuiltCommand.whyNot)"))
struct DemoErrorTests {
    @Test(
        arguments: [
            ["--size", "0"], ["--size", "65537"], ["--size", "-1"], ["--reads", "0"],
            ["--rounds", "0"], ["--rounds", "1001"],
        ])
    func numbersOutOfRange(options: [String]) throws {
        expectUsageError(try BuiltCommand.run(["demo"] + options))
    }

    @Test func aCacheThatIsNoFolder() throws {
        let folder = try Workspace()
        try folder.write("file", [1])
        for path in [folder.path("file"), folder.path("file/below"), "/proc/nothing"] {
            expectError(
                try BuiltCommand.run("demo", "--size", "1", "--cache", path), code: 73,
                saying: path)
        }
    }

    @Test(.enabled(if: Nobody.isThere, "\(Nobody.whyNot)"))
    func aCacheThatCannotBeWritten() throws {
        let folder = try Workspace()
        expectError(
            try Nobody.run("demo", "--size", "1", "--cache", folder.path(".")), code: 73,
            saying: "cannot be written (Permission denied)")
        expectError(
            try Nobody.run("demo", "--size", "1", "--cache", folder.path("new")), code: 73,
            saying: "cannot be made")
        #expect(try folder.names().isEmpty)
    }

    @Test(.enabled(if: Host.hasTmpfs, "/dev/shm is not tmpfs"))
    func aCacheOnAFileSystemThatKeepsItsFilesInMemory() throws {
        let folder = try Workspace(in: "/dev/shm")
        let outcome = try BuiltCommand.run("demo", "--size", "1", "--cache", folder.path("."))
        #expect(outcome.code == 73)
        #expect(outcome.output.isEmpty)
        #expect(outcome.errorLines.count == 2, "what is written, and the error")
        #expect(outcome.errorLines.last?.contains("tmpfs refuses BypassIO") == true)
    }
}
