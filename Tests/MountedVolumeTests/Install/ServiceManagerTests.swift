import Foundation
import Testing

extension MountedVolume {
    /// What a service manager, such as systemd, is told (sd_notify(3)).
    @Suite(.enabled(if: MountCommand.chosen.isOurs, "the service is ours"))
    struct ServiceManagers {
        private let folder: TestFolder
        private let source: String
        private let place: String

        init() throws {
            folder = try TestFolder()
            source = try folder.makeFolder("source")
            place = try folder.makeFolder("mount")
        }

        private func program(_ options: [String], _ socket: String) throws -> Program {
            Program(
                try #require(BuiltPrograms.bypassio), ["mount"] + options + [source, place],
                environment: ["NOTIFY_SOCKET": socket])
        }

        private var isMounted: Bool { MountTable.fileSystem(at: place) != nil }

        private func unmount() throws {
            _ = try Program(try #require(BuiltPrograms.bypassio), ["umount", "--lazy", place])
                .run(within: 20)
        }

        @Test(
            "it hears when programs can use the volume, and when the service ends",
            arguments: [true, false])
        func readyAndStopping(isAbstract: Bool) throws {
            let socket = isAbstract ? "@bypassio-test-\(UUID().uuidString)" : folder.path("socket")
            let manager = try DatagramListener(at: socket)
            let service = try RunningProgram(program([], socket))
            let told = manager.wait(for: "READY=1\n")
            #expect(isMounted, "told no sooner than it is true")
            #expect(
                told == "READY=1\nSTATUS=\(source) is mounted at \(place)\n\n",
                "\(told ?? service.errorsSoFar)")
            service.signal(SIGTERM)
            #expect(manager.wait(for: "STOPPING=1\nSTATUS=unmounting \(place)\n") != nil)
            #expect(service.wait(within: 20)?.code == 0)
            #expect(manager.wait(for: "is served no more: signal 15 came\n") != nil)
        }

        @Test("it follows the service through a restart and a death to its end")
        func followed() throws {
            let socket = folder.path("socket")
            let manager = try DatagramListener(at: socket)
            let first = try RunningProgram(program(["-o", "recover"], socket))
            #expect(manager.wait(for: "READY=1\n") != nil)
            func processes(_ name: String) -> [pid_t] {
                RecoveringMount.processes(named: name, of: place)
            }
            func told(_ process: pid_t) -> Bool {
                manager.wait(for: "MAINPID=\(process)\n") != nil
            }
            // As `systemctl reload` does.
            let restarted = try RecoveringMount.bypassio("restart", place)
            #expect(restarted.code == 0, "\(restarted)")
            #expect(first.wait(within: 20)?.code == 0)
            let second = try #require(processes("bypassio").first)
            #expect(told(second))
            #expect(LiveMount.eventually { processes("bypassio-keeper").count == 1 })
            #expect(kill(second, SIGKILL) == 0)
            // The manager has seen its main process die.
            let again = try program(["-o", "recover"], socket).run(within: 60)
            #expect(again.code == 0, "\(again)")
            let third = try #require(processes("bypassio").first { $0 != second })
            #expect(told(third))
            #expect(kill(third, SIGTERM) == 0)
            #expect(manager.wait(for: "STOPPING=1\nSTATUS=unmounting \(place)\n") != nil)
            #expect(manager.wait(for: "is served no more: signal 15 came\n") != nil)
            #expect(LiveMount.eventually { !isMounted })
        }

        @Test("it hears of an end that comes from outside")
        func unmounted() throws {
            let manager = try DatagramListener(at: folder.path("socket"))
            let service = try RunningProgram(program([], folder.path("socket")))
            #expect(manager.wait(for: "READY=1\n") != nil)
            try unmount()
            #expect(manager.wait(for: "STOPPING=1\n") != nil)
            #expect(service.wait(within: 20)?.code == 0)
        }

        @Test(
            "it is told nothing of a mount that failed, and of a service that somebody started by the way"
        )
        func silence() throws {
            let manager = try DatagramListener(at: folder.path("socket"))
            let failed = try program(["-o", "bogus"], folder.path("socket")).run(within: 20)
            #expect(failed.code == 64)
            let started = try program(
                ["--background", "--log", folder.path("log")],
                folder.path("socket")
            ).run(within: 20)
            #expect(started.code == 0, "\(started)")
            try unmount()
            #expect(manager.receivedSoFar == "")
        }

        @Test(
            "a manager that cannot be told hinders nobody",
            arguments: ["/nowhere/socket", "relative", "@", "vsock:2:1", ""])
        func nobody(socket: String) throws {
            let service = try RunningProgram(program([], socket))
            for _ in 0..<600 where !isMounted && service.isRunning { usleep(50_000) }
            #expect(isMounted, "\(service.errorsSoFar)")
            service.signal(SIGTERM)
            #expect(service.wait(within: 20)?.code == 0)
        }
    }
}
