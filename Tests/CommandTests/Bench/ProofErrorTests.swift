import Foundation
import Testing

@Suite(.enabled(if: BuiltCommand.isThere, "\(BuiltCommand.whyNot)"))
struct ProofErrorTests {
    private func options(_ folder: Workspace, _ cache: String) -> [String] {
        ["bench", "--only", "proof", "--size", "1", "--folder", folder.path(".")]
            + ["--cache", cache]
    }

    /// Expects a line that announces the proof, and then the error.
    private func expectCannotCreate(_ outcome: BuiltCommand.Outcome, saying words: String) {
        #expect(outcome.code == 73, "\(outcome.errors)")
        #expect(outcome.output.isEmpty)
        #expect(outcome.errorLines.first?.hasPrefix("bench: proof") == true)
        #expect(outcome.errorLines.last?.contains(words) == true, "\(outcome.errors)")
    }

    @Test func aCacheThatIsNoFolder() throws {
        let folder = try Workspace()
        try folder.write("file", [1])
        for path in [folder.path("file"), folder.path("file/below"), "/proc/nothing"] {
            expectCannotCreate(try BuiltCommand.run(options(folder, path)), saying: path)
        }
        #expect(try folder.names() == ["file"])
    }

    @Test(.enabled(if: Nobody.isThere, "\(Nobody.whyNot)"))
    func aCacheThatCannotBeWritten() throws {
        let folder = try Workspace()
        // A folder in which the files of the figures may lie, but the kept file may not.
        let open = try Workspace()
        try open.setPermissions(0o777, of: ".")
        expectCannotCreate(
            try Nobody.run(options(open, folder.path("."))),
            saying: "cannot be written (Permission denied)")
        expectCannotCreate(
            try Nobody.run(options(open, folder.path("new"))), saying: "cannot be made")
        #expect(try folder.names().isEmpty && open.names().isEmpty)
    }

    @Test(.enabled(if: Host.hasTmpfs, "/dev/shm is not tmpfs"))
    func aCacheOnAFileSystemThatKeepsItsFilesInMemory() throws {
        let folder = try Workspace()
        let memory = try Workspace(in: "/dev/shm")
        let outcome = try BuiltCommand.run(options(folder, memory.path(".")))
        expectCannotCreate(outcome, saying: "tmpfs refuses BypassIO")
        #expect(outcome.errorLines.count == 3, "the proof, what is written, and the error")
        #expect(try folder.names().isEmpty)
    }

    @Test(
        .enabled(if: Host.hasTmpfs, "/dev/shm is not tmpfs"),
        .enabled(if: Host.takesDirectIO, "the file system of /var/tmp takes no direct I/O"))
    func theUsualFolderThatCannotHaveItLeavesTheProofOut() throws {
        let folder = try Workspace()
        let memory = try Workspace(in: "/dev/shm")
        let outcome = try BuiltCommand.shell(
            """
            XDG_CACHE_HOME="\(memory.path("."))" "$bypassio" bench --quick --size 1 --seconds 0.01 \
            --folder . --json -
            """, in: folder)
        #expect(outcome.code == 0, "\(outcome.errors)")
        let answer = try BenchAnswer(outcome)
        #expect(answer.proof == nil && answer.results.count > 10)
        #expect(answer.proofObstacle?.contains("tmpfs refuses BypassIO") == true)
    }
}
