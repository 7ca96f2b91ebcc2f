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

        /// A control interface whose mount is replaced between the first pages of its events and
        /// their stream.
        private static let replaced = """
            import json, socket, sys
            door, process, streams = socket.socket(socket.AF_UNIX), 1, []
            door.bind(sys.argv[1])
            door.listen(8)
            print("listening", flush=True)
            while len(streams) < 2:
                client, head = door.accept()[0], b""
                while b"\\r\\n\\r\\n" not in head:
                    head += client.recv(4096)
                path = head.split()[1].decode()
                if path.startswith("/v1/events/stream"):
                    print(path, flush=True)
                    process = 2
                    streams.append(client)
                    client.sendall(b"HTTP/1.1 200 OK\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n")
                    continue
                service = {"version": "1", "process": process, "source": "a", "mountPoint": "b",
                           "device": "0:1", "isMounted": True, "clients": {
                               name: 0 for name in (
                                   "connected", "accepted", "refusedBusy", "refusedUser",
                                   "refusedToken", "cutOff", "malformed")}}
                page = {"events": [], "lost": 0, "next": 7}
                body = json.dumps(service if path == "/v1/service" else page).encode()
                client.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\n\\r\\n" % len(body) + body)
                client.close()
            """

        @Test(
            "a service that comes between the first events and their stream is told of",
            .enabled(if: Program.find("python3") != nil, "needs python3"))
        func between() throws {
            let folder = try TestFolder()
            let socket = folder.path("socket")
            let python = try #require(Program.find("python3"))
            let service = try RunningProgram(Program(python, ["-c", Self.replaced, socket]))
            try wait(service, for: "listening")
            let follower = try started(
                "events", "--socket", socket, "--since", "7", "--follow", folder.path)
            let end = follower.wait(within: 60)
            #expect(end?.errors.contains("a new service, process 2") == true, "\(end as Any)")
            let streams = service.wait(within: 60)?.output.split(separator: "\n").dropFirst()
            #expect(
                streams.map(Array.init) == [
                    "/v1/events/stream?after=7", "/v1/events/stream?after=0",
                ], "\(streams as Any)")
        }

        @Test(
            "answer --follow asks again at the next service, and its answer counts",
            .enabled(if: Program.find("script") != nil, "needs script, for a terminal"))
        func answers() throws {
            let folder = try TestFolder()
            try Data("ask data\n".utf8).write(to: URL(fileURLWithPath: folder.path("rules")))
            let attached = try bypassio(
                "attach", "policy,profile=\(folder.path("rules")),timeout=600", mount.mountpoint)
            #expect(attached.code == 0, "\(attached)")
            let command = try #require(BuiltPrograms.bypassio)
            let typed = folder.path("typed")
            let shell = try RunningProgram(
                Program.shell(
                    "mkfifo \(typed); script -qfc '\(command) answer --follow \(mount.mountpoint)' "
                        + "/dev/null < \(typed) & exec 3> \(typed); "
                        + "while ! test -e \(folder.path)/first; do sleep 0.05; done; echo s >&3; "
                        + "while ! test -e \(folder.path)/second; do sleep 0.05; done; echo y >&3; "
                        + "wait"))
            let reader = try RunningProgram(Program("/bin/cat", ["\(mount.mountpoint)/data"]))
            try wait(shell, for: "read data")
            try restart()
            // What was typed meanwhile is no answer to a question of the next service.
            try Data().write(to: URL(fileURLWithPath: folder.path("first")))
            try wait(shell, for: "Questions that wait are asked again.")
            while shell.outputSoFar.components(separatedBy: "read data").count < 3 {
                try #require(shell.isRunning, "\(shell.outputSoFar)")
                usleep(10_000)
            }
            try Data().write(to: URL(fileURLWithPath: folder.path("second")))
            #expect(reader.wait(within: 60)?.output == "x")
            #expect(try bypassio("umount", mount.mountpoint).code == 0)
            #expect(shell.wait(within: 60)?.output.contains("mounted no more") == true)
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
