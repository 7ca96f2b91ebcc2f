import Foundation
import SystemPackage
import Testing

@testable import Terminal

struct ChildProcessTests {
    @Test func aProgramIsFoundAsTheShellFindsIt() throws {
        let path = try #require(ChildProcess.path(of: "sh"))
        #expect(path.hasSuffix("/sh") && path.hasPrefix("/"))
        #expect(ChildProcess.path(of: path) == path)
        #expect(ChildProcess.path(of: "no-program-has-this-name") == nil)
        #expect(FileManager.default.isExecutableFile(atPath: ChildProcess.ownProgram))
    }

    @Test func theOutputIsThatOfAProgramThatSucceeds() {
        #expect(ChildProcess.output(of: ["sh", "-c", "cat; echo out; echo err >&2"]) == "out\n")
        #expect(ChildProcess.output(of: ["sh", "-c", "echo out; exit 3"]) == nil)
        #expect(ChildProcess.output(of: ["no-program-has-this-name"]) == nil)
        #expect(ChildProcess.output(of: []) == nil)
    }

    @Test func itReadsAndWritesPipesAndEndsWithItsCode() throws {
        let child = try ChildProcess(
            ["sh", "-c", "read line; echo got $line; exit 7"], input: .pipe, output: .pipe)
        try child.input?.write(contentsOf: Data("a line\n".utf8))
        let answer = try child.output?.readToEnd() ?? Data()
        #expect(String(decoding: answer, as: UTF8.self) == "got a line\n")
        #expect(child.waitForEnd() == 7 && !child.isRunning)
    }

    @Test func complaintsGoToAFile() throws {
        let path = NSTemporaryDirectory() + "/bypassio-child-\(UUID().uuidString)"
        #expect(FileManager.default.createFile(atPath: path, contents: nil))
        defer { try? FileManager.default.removeItem(atPath: path) }
        let child = try ChildProcess(["sh", "-c", "echo no >&2"], errors: .file(FilePath(path)))
        #expect(child.waitForEnd() == 0)
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "no\n")
    }

    @Test func aProgramThatDoesNotEndIsToldAndThenKilled() throws {
        // The child prints a line once it ignores SIGTERM.
        let child = try ChildProcess(
            ["sh", "-c", "trap '' TERM; echo; while :; do sleep 1; done"], output: .pipe)
        _ = child.output?.availableData
        child.terminate()
        #expect(!child.wait(seconds: 0.1) && child.isRunning)
        child.end(within: 0)
        #expect(!child.isRunning && child.waitForEnd() == SIGKILL)
    }

    @Test func aProgramHearsOfSignalsThatThisThreadBlocks() throws {
        var (all, before) = (sigset_t(), sigset_t())
        unsafe sigfillset(&all)
        unsafe pthread_sigmask(SIG_SETMASK, &all, &before)
        defer { unsafe pthread_sigmask(SIG_SETMASK, &before, nil) }
        let child = try ChildProcess(["sleep", "600"])
        child.terminate()
        #expect(child.wait(seconds: 60) && child.waitForEnd() == SIGTERM)
        child.end(within: 0)
        #expect(ChildProcess.output(of: ["sh", "-c", "echo out"]) == "out\n")
    }

    @Test func aProgramThatIsNotThereIsNamed() {
        #expect {
            try ChildProcess(["no-program-has-this-name"])
        } throws: { error in
            "\(error)" == "no-program-has-this-name is not installed."
        }
        #expect {
            try ChildProcess(["/etc/hostname"])
        } throws: { error in
            "\(error)".hasPrefix("/etc/hostname cannot be started: ")
        }
    }
}
