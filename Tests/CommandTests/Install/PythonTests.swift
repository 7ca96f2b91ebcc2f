import BypassIOProtocol
import Foundation
import Testing

/// The module for Python says what the library for Swift says.
@Suite(.enabled(if: Repository.python != nil, "needs python3"))
struct PythonTests {
    private struct Status: Decodable {
        let number: UInt32
        let name: String
        let win32: UInt32?
        let message: String
    }

    @Test func statusesHaveTheSameNamesNumbersAndMessages() throws {
        let outcome = try Repository.python(
            "-c",
            """
            import json
            from bypassio._statuses import STATUSES
            print(json.dumps([
                dict(number=number, name=name, win32=win32, message=message)
                for number, (name, win32, message) in STATUSES.items()]))
            """)
        #expect(outcome.code == 0, "\(outcome.errors)")
        let told = try JSONDecoder().decode([Status].self, from: Data(outcome.output.utf8))
        #expect(told.map(\.number) == NTStatus.listed.map(\.rawValue))
        for status in told {
            let own = NTStatus(rawValue: status.number)
            #expect(status.name == own.name)
            #expect(status.win32 == own.win32, "\(own)")
            #expect(status.message == own.message, "\(own)")
        }
    }

    @Test func anUnlistedStatusGoesByItsNumber() throws {
        let outcome = try Repository.python(
            "-c",
            "import bypassio; s = bypassio.Status(-1073610753); print(s.name, s.win32, s.message)")
        #expect(outcome.lines == ["0xC001FFFF None Status 0xC001FFFF"])
    }

    @Test func elsewhereThanOnAVolumeItSaysSo() throws {
        let folder = try Workspace()
        let file = try folder.fill("file", count: 4096)
        let state = try Repository.python("-m", "bypassio", "state", file)
        #expect(state.code == 66 && state.output.isEmpty)
        #expect(state.errors.contains("is on no mounted bypassio volume"), "\(state.errors)")
        let missing = try Repository.python("-m", "bypassio", "state", folder.path("none"))
        #expect(missing.code == 66 && missing.errors.contains("No such file"), "\(missing.errors)")
        let wrong = try Repository.python("-m", "bypassio", "stat", file)
        #expect(wrong.code == 64 && wrong.output.isEmpty)
        let enabled = try Repository.python(
            "-c",
            """
            import bypassio, errno
            with open("\(file)") as file:
                try:
                    bypassio.enable(file)
                except OSError as error:
                    print(error.errno == errno.ENOTTY)
            """)
        #expect(enabled.lines == ["True"], "\(enabled.errors)")
    }

    @Test func theVersionIsTheCommands() throws {
        let version = try Repository.python("-m", "bypassio", "--version").lines
        #expect(try version == BuiltCommand.run("--version").lines)
        let project = try String(
            contentsOfFile: Repository.file("python/pyproject.toml"), encoding: .utf8)
        #expect(project.contains("\nversion = \"\(version[0])\"\n"))
    }
}
