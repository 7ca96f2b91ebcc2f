import BypassIOProtocol
import CPosixCalls
import Foundation
import Testing

extension MountedVolume {
    /// A SOURCE that is full, loses its disk, is unmounted or replaced: requests end, with SOURCE's
    /// error, the service says so, and unmounting ends.
    @Suite(
        .enabled(if: MountCommand.chosen.isOurs, "native mounts have no service"),
        .enabled(if: MemoryDisk.areThere, "needs zram: a disk of its own to fill and to lose"))
    struct FailingSource {
        /// A mount of a disk of its own.
        private final class Bench {
            let mount: LiveMount
            let disk: MemoryDisk

            init(_ fileSystem: String = "ext4", megabytes: Int = 32) throws {
                var made: MemoryDisk?
                mount = try LiveMount(options: "allow_other,bypass=auto,auto_size=0") {
                    made = try MemoryDisk(fileSystem, megabytes: megabytes, at: $0)
                    for name in ["file", "other"] {
                        try Data(repeating: 7, count: 65536)
                            .write(to: URL(fileURLWithPath: "\($0)/\(name)"))
                    }
                }
                disk = try #require(made)
            }

            func path(_ name: String) -> String { "\(mount.mountpoint)/\(name)" }

            /// The errnos of the events of this kind, once there is one.
            func errors() throws -> [Int32] {
                let program = try #require(BuiltPrograms.bypassio)
                for _ in 0..<100 {
                    let outcome = try Program(program, ["events", "--json", mount.mountpoint])
                        .run(within: 30)
                    let events = try outcome.lines.map {
                        try JSONDecoder().decode(ServiceEvent.self, from: Data($0.utf8))
                    }
                    let found = events.filter { $0.kind == .storageFailed }
                    if !found.isEmpty { return found.compactMap(\.errno) }
                    usleep(50_000)
                }
                return []
            }

            /// What a program does ends, and says that.
            func answer(_ line: String) throws -> String {
                let outcome = try Program.shell("\(line) 2>&1").run(within: 30)
                return outcome.output
            }

            func unmountEnds() throws {
                let program = try #require(BuiltPrograms.bypassio)
                let outcome = try Program(program, ["umount", mount.mountpoint]).run(within: 30)
                #expect(outcome.code == 0, "\(outcome)")
                #expect(mount.waitForService(within: 30)?.code == 0)
            }
        }

        @Test("a full SOURCE: the writer has ENOSPC, others read on, and room that comes is used")
        func full() throws {
            let bench = try Bench()
            let reader = try KernelReader(bench.path("file"))
            let writer = try RawFile(bench.path("fill"), RawFile.readWrite | RawFile.create)
            let bytes = [UInt8](repeating: 1, count: 1 << 20)
            var answer: Int64 = 1
            var offset: Int64 = 0
            while answer > 0 {
                answer = unsafe call_pwrite(writer.descriptor, bytes, bytes.count, offset)
                offset += max(answer, 0)
            }
            #expect(answer == -Int64(ENOSPC))
            #expect(try reader.value(page: 3) == 7)
            #expect(try KernelReader(bench.path("other")).value() == 7)
            #expect(try bench.errors().contains(ENOSPC))
            #expect(call_ftruncate(writer.descriptor, 0) == 0)
            #expect(unsafe call_pwrite(writer.descriptor, bytes, 4096, 0) == 4096)
            #expect(call_fsync(writer.descriptor) == 0)
        }

        @Test(
            "a SOURCE whose disk is gone: EIO on every route, and nothing waits",
            arguments: [
                "ext4", "xfs",
            ])
        func lost(fileSystem: String) throws {
            let bench = try Bench(fileSystem, megabytes: fileSystem == "xfs" ? 320 : 32)
            do {
                let reader = try KernelReader(bench.path("file"))
                let writer = try KernelReader(bench.path("other"), .directWriter)
                try bench.disk.fileSystemLosesIt()
                // EPERM: the kernel cannot open the file for an event of the gate, and denies the
                // read (fanotify_read).
                #expect([-Int64(EIO), -Int64(EPERM)].contains(reader.readAnswer(page: 3)))
                #expect(writer.readAnswer(page: 3) == -Int64(EIO))
                #expect(throws: TestError.self) { try writer.write(1) }
                #expect(call_fsync(writer.descriptor) == -Int64(EIO))
            }
            #expect(try bench.answer("cat \(bench.path("other"))").contains("Input/output error"))
            #expect(try bench.answer("touch \(bench.path("new"))").contains("Input/output error"))
            #expect(try bench.errors().contains(EIO))
            #expect(bench.mount.serviceIsRunning)
            try bench.unmountEnds()
        }

        @Test("a SOURCE that is unmounted below the mount is served on, until the mount ends")
        func unmounted() throws {
            let bench = try Bench()
            do {
                let reader = try KernelReader(bench.path("file"))
                #expect(unsafe call_umount(bench.mount.source, 2) == 0)
                #expect(try reader.value(page: 2) == 7)
                #expect(try bench.answer("echo made > \(bench.path("new"))") == "")
                #expect(try bench.answer("cat \(bench.path("new"))") == "made\n")
                #expect(try KernelReader(bench.path("other")).value() == 7)
                let state = try bench.mount.facts("state", bench.path("file"))
                #expect(state["handles"] != nil)
            }
            bench.mount.stop()
        }

        @Test("a SOURCE in whose place another directory is put stays the one that was mounted")
        func replaced() throws {
            let mount = try LiveMount(options: "allow_other,bypass=auto,auto_size=0") {
                try Data(repeating: 7, count: 65536)
                    .write(to: URL(fileURLWithPath: "\($0)/file"))
            }
            let away = mount.folder.path("away")
            let replacing = try Program.shell(
                "mv '\(mount.source)' '\(away)' && mkdir '\(mount.source)' "
                    + "&& echo other > '\(mount.source)/file'"
            ).run(within: 30)
            try #require(replacing.code == 0, "\(replacing)")
            #expect(try KernelReader("\(mount.mountpoint)/file").value() == 7)
            let made = try Program.shell("echo made > '\(mount.mountpoint)/new'").run(within: 30)
            #expect(made.code == 0, "\(made)")
            #expect(FileManager.default.fileExists(atPath: "\(away)/new"))
            #expect(!FileManager.default.fileExists(atPath: "\(mount.source)/new"))
            mount.stop()
        }
    }
}
