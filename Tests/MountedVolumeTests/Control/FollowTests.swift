import BypassIOProtocol
import Foundation
import Testing

extension MountedVolume {
    /// Commands that look at a mount for long, while its service is replaced.
    @Suite(.enabled(if: MountCommand.chosen.isOurs, "the commands ask our service"))
    struct Followers {
        private let mount: LiveMount

        init() throws {
            mount = try LiveMount(options: "allow_other", filters: ["readaudit"]) { source in
                try Data("x".utf8).write(to: URL(fileURLWithPath: "\(source)/data"))
            }
        }

        private func bypassio(_ words: String...) throws -> Program.Outcome {
            try Program(try #require(BuiltPrograms.bypassio), words).run(within: 60)
        }

        private func started(_ words: String...) throws -> RunningProgram {
            try RunningProgram(Program(try #require(BuiltPrograms.bypassio), words))
        }

        private func wait(
            _ program: RunningProgram, for what: String, inErrors: Bool = false
        ) throws {
            while !(inErrors ? program.errorsSoFar : program.outputSoFar).contains(what) {
                try #require(
                    program.isRunning, "\(program.outputSoFar) \(program.errorsSoFar)")
                usleep(10_000)
            }
        }

        private func restart() throws {
            let outcome = try bypassio("restart", mount.mountpoint)
            #expect(outcome.code == 0, "\(outcome)")
        }

        @Test("events go on with the next service, say so, and say that the mount has ended")
        func events() throws {
            let follower = try started("events", mount.mountpoint, "--follow", "--json")
            try wait(follower, for: #""kind":"mounted""#)
            try restart()
            try wait(follower, for: "a new service, process", inErrors: true)
            #expect(follower.errorsSoFar.contains("may be missing"), "\(follower.errorsSoFar)")
            #expect(try bypassio("detach", "readaudit", mount.mountpoint).code == 0)
            try wait(follower, for: #""kind":"detached""#)
            try restart()
            while follower.errorsSoFar.split(separator: "\n").count < 2 { usleep(10_000) }
            #expect(try bypassio("umount", mount.mountpoint).code == 0)
            let end = follower.wait(within: 60)
            #expect(end?.code == 0, "\(end as Any)")
            #expect(end?.errors.contains("\(mount.mountpoint) is mounted no more.") == true)
            #expect(end?.errors.split(separator: "\n").count == 3, "\(end as Any)")
        }

        @Test("a trace goes on with the next service, and ends when its time is up")
        func trace() throws {
            let tracer = try started("trace", mount.mountpoint, "--json")
            try wait(tracer, for: "Tracing", inErrors: true)
            try restart()
            try wait(tracer, for: "a new service, process", inErrors: true)
            while !tracer.outputSoFar.contains(#""path":"data""#) {
                _ = try Program.shell("cat data", in: mount.mountpoint).run(within: 20)
                try #require(tracer.isRunning, "\(tracer.errorsSoFar)")
            }
            tracer.signal(SIGINT)
            #expect(tracer.wait(within: 60)?.code == 0)
            let timed = try started("trace", mount.mountpoint, "--for", "3")
            try wait(timed, for: "total")
            try restart()
            let end = timed.wait(within: 60)
            #expect(end?.code == 0 && end?.output.contains("requests;") == true, "\(end as Any)")
        }

        @Test("top and answer --follow go on with the next service")
        func others() throws {
            let top = try started("top", mount.mountpoint, "--json", "--interval", "0.1")
            try wait(top, for: "{")
            try restart()
            try wait(top, for: "a new service, process", inErrors: true)
            let seen = top.outputSoFar.count
            while top.outputSoFar.count == seen {
                try #require(top.isRunning, "\(top.errorsSoFar)")
                usleep(10_000)
            }
            #expect(try bypassio("umount", mount.mountpoint).code == 0)
            let end = top.wait(within: 60)
            #expect(end?.code == 0 && end?.errors.contains("is mounted no more") == true)
        }

        @Test("where the service was killed, followers say so and end with 66")
        func killed() throws {
            let follower = try started("events", mount.mountpoint, "--follow")
            try wait(follower, for: "mounted")
            mount.killService()
            let end = follower.wait(within: 60)
            #expect(end?.code == 66, "\(end as Any)")
            #expect(end?.errors.contains("is gone") == true, "\(end as Any)")
        }
    }
}
