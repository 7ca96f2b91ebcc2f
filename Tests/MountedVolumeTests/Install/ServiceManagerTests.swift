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
