import BypassIOClient
import BypassIOProtocol
import CPosixCalls
import Foundation
import SystemPackage
import Testing

extension MountedVolume {
    /// A part of the source that does not answer delays no request to another part.
    @Suite(.enabled(if: MountCommand.chosen.isOurs, "native mounts have no service"))
    struct HungSource {
        /// A mount within the source whose service can be stopped, in place of a server that is
        /// away.
        private final class Island {
            let path: String
            let service: RunningProgram

            init(in mount: LiveMount) throws {
                let files = try mount.folder.makeFolder("files")
                for number in 0..<30 {
                    try Data("far\n".utf8).write(to: URL(fileURLWithPath: "\(files)/\(number)"))
                }
                path = try mount.folder.makeFolder("source/far")
                let program = try MountCommand.chosen.program(
                    source: files, mountpoint: path, options: "allow_other")
                service = try RunningProgram(#require(program))
                let end = Date(timeIntervalSinceNow: 20)
                while MountTable.fileSystem(at: path) == nil, Date() < end { usleep(10_000) }
                try #require(MountTable.fileSystem(at: path) != nil)
            }

            deinit {
                service.signal(SIGCONT)
                service.signal(SIGTERM)
                if service.wait(within: 10) == nil { service.signal(SIGKILL) }
                _ = try? Program.shell("umount -l '\(path)' 2>/dev/null").run(within: 10)
            }
        }

        private func outcome(_ line: String) throws -> Program.Outcome {
            try Program.shell(line).run(within: 30)
        }

        /// Reads through a handle with bypass enabled; returns pread(2)'s answer.
        private func bypassedRead(_ path: String) throws -> Int64? {
            let answer = OwnThread.value(within: 30) { () -> Int64? in
                let descriptor = unsafe call_open(path, call_open_flags.direct, 0)
                guard descriptor >= 0 else { return descriptor }
                defer { _ = call_close(Int32(descriptor)) }
                let client = BypassIOClient(FileDescriptor(rawValue: Int32(descriptor)))
                guard let page = try? MappedMemory(nil, length: 4096, writable: true),
                    (try? client.manage(.enable).results?.status) == .success
                else { return nil }
                return unsafe call_pread(Int32(descriptor), page.address, 4096, 0)
            }
            return answer ?? nil
        }

        /// Expects answers from every part but the hanging one.
        private func othersAreServed(_ mount: LiveMount, _ round: Int) throws {
            let place = mount.mountpoint
            #expect(try outcome("stat \(place)/near").code == 0)
            #expect(try outcome("ls \(place)").lines.contains("near"))
            #expect(
                try outcome("echo \(round) > \(place)/made && cat \(place)/made").lines == [
                    "\(round)"
                ])
            #expect(
                try outcome("dd if=\(place)/near iflag=direct bs=4096 2>/dev/null | wc -c").lines
                    == ["65536"])
            let program = try #require(BuiltPrograms.bypassio)
            #expect(try outcome("\(program) filters \(place)").code == 0)
            #expect(try bypassedRead("\(place)/near") == 4096)
        }

        @Test("programs in a part that hangs hold up nobody elsewhere", .timeLimit(.minutes(5)))
        func hung() throws {
            let mount = try LiveMount(options: "allow_other")
            try Data([UInt8](repeating: 7, count: 65536)).write(
                to: URL(fileURLWithPath: "\(mount.source)/near"))
            let island = try Island(in: mount)
            let far = "\(mount.mountpoint)/far"
            #expect(try outcome("cat \(far)/0").lines == ["far"])
            island.service.signal(SIGSTOP)
            let waiting = try (0..<50).map { number in
                try RunningProgram(
                    Program.shell(
                        number % 2 == 0
                            ? "exec cat \(far)/0" : "exec stat \(far)/\(number % 30)"))
            }
            for round in 0..<3 { try othersAreServed(mount, round) }
            #expect(waiting.contains { $0.isRunning })
            island.service.signal(SIGCONT)
            for program in waiting {
                #expect(program.wait(within: 30)?.code == 0)
            }
            try othersAreServed(mount, 4)
        }

        /// What a program does in `$FAR`, an operation each.
        private static let operations = [
            "cat 0", "dd if=1 iflag=direct bs=4096 of=/dev/null", "echo x >> 2",
            "dd if=/dev/zero of=3 oflag=direct bs=4096 count=1 conv=notrunc,fsync",
            "truncate -s 9 4", "touch new", "mkdir folder", "ln -s 0 symbolic", "ln 5 hard",
            "mv 6 moved", "rm 7", "ls", "stat -f .", "chmod 600 8", "chown 1 9",
            "python3 -c 'import os; os.setxattr(\"10\", \"user.a\", b\"1\")'",
            "python3 -c 'import os; os.listxattr(\"11\")'",
            "python3 -c 'import os; os.posix_fallocate(os.open(\"12\", 2), 0, 9)'",
        ]

        /// The causes of the events that tell of requests that wait for long.
        private func longWaits(_ mount: LiveMount) throws -> Set<String> {
            let program = try #require(BuiltPrograms.bypassio)
            let outcome = try Program(program, ["events", "--json", mount.mountpoint])
                .run(within: 30)
            let events = try outcome.lines.map {
                try JSONDecoder().decode(ServiceEvent.self, from: Data($0.utf8))
            }
            return Set(events.filter { $0.kind == .requestWaits }.compactMap(\.cause))
        }

        @Test(
            "whatever operation hangs, others are served, it is told, and the mount ends",
            .timeLimit(.minutes(5)))
        func everyOperation() throws {
            let mount = try LiveMount(options: "allow_other")
            try Data([UInt8](repeating: 7, count: 65536)).write(
                to: URL(fileURLWithPath: "\(mount.source)/near"))
            let island = try Island(in: mount)
            let far = "\(mount.mountpoint)/far"
            #expect(try outcome("cat \(far)/0").lines == ["far"])
            #expect(try longWaits(mount).isEmpty)
            // The program stands there before the part hangs.
            let waiting = try Self.operations.map { operation in
                try RunningProgram(
                    Program.shell(
                        "cd \(far); while [ ! -e \(mount.folder.path)/go ]; do sleep 0.02; done; "
                            + "exec >/dev/null 2>&1; \(operation)", in: "/"))
            }
            usleep(500_000)
            island.service.signal(SIGSTOP)
            try Data().write(to: URL(fileURLWithPath: "\(mount.folder.path)/go"))
            try othersAreServed(mount, 0)
            var causes: Set<String> = []
            for _ in 0..<600 where causes.isEmpty {
                causes = try longWaits(mount)
                usleep(100_000)
            }
            #expect(causes == ["source"])
            let hanging = zip(Self.operations, waiting).filter { $0.1.isRunning }.map(\.0)
            #expect(hanging.count >= Self.operations.count - 4, "\(hanging)")
            try othersAreServed(mount, 1)
            // The mount ends with all of it hanging: two signals.
            mount.signalService(SIGTERM)
            for _ in 0..<100 where MountTable.fileSystem(at: mount.mountpoint) != nil {
                usleep(50_000)
            }
            #expect(MountTable.fileSystem(at: mount.mountpoint) == nil)
            mount.signalService(SIGTERM)
            for (operation, program) in zip(Self.operations, waiting) {
                #expect(program.wait(within: 30) != nil, "\(operation) hangs on")
            }
            // A thread of the service may be where no signal reaches it: in the kernel, within the
            // part that hangs.
            island.service.signal(SIGCONT)
            #expect(mount.waitForService(within: 30) != nil, "the service goes on")
        }
    }
}
