import BypassIOProtocol
import Foundation
import Testing

extension MountedVolume {
    /// The mount of `bypassio sample` is asked as any other.
    @Suite(.enabled(if: MountCommand.chosen.isOurs, "the commands ask our service"))
    struct SampleControl {
        @Test("a sample has a control interface, and says why it is not restarted")
        func asked() throws {
            let folder = try TestFolder()
            let command = try #require(BuiltPrograms.bypassio)
            // The sample keeps an existing file of the right size.
            let made = try Program.shell(
                "mkdir -p cache/sample && head -c 64M /dev/zero > cache/sample/level1.pak",
                in: folder.path
            ).run(within: 60)
            #expect(made.code == 0)
            let sample = try RunningProgram(
                Program(command, ["sample", "--cache", folder.path("cache")]))
            while !sample.outputSoFar.contains("Press Ctrl-C") {
                try #require(sample.isRunning, "\(sample.errorsSoFar)")
                usleep(20_000)
            }
            let words = try #require(
                sample.outputSoFar.split(separator: "\n").first { $0.contains("bypassio events ") })
            let place = String(words.split(separator: " ").last ?? "")
            let events = try Program(command, ["events", "--json", place]).run(within: 60)
            #expect(events.code == 0 && events.output.contains("attached"), "\(events)")
            #expect(try Program(command, ["instances", place]).run(within: 60).code == 0)
            let restart = try Program(command, ["restart", place]).run(within: 60)
            #expect(restart.code == 1, "\(restart)")
            #expect(restart.errors.contains("sample has no command line of its own"), "\(restart)")
            sample.signal(SIGINT)
            let end = sample.wait(within: 60)
            #expect(end?.code == 0 && end?.output.contains("Unmounted.") == true, "\(end as Any)")
        }
    }
}
