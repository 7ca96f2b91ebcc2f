import BypassIOClient
import BypassIOProtocol
import CPosixCalls
import Foundation
import SystemPackage
import Testing

extension MountedVolume {
    /// Reads by the kernel route that do not end: their buffer is a page of another mount, whose
    /// service is stopped.
    @Suite(
        .enabled(if: MountCommand.chosen.isOurs, "pauses are ours"),
        .enabled(if: Program.find("python3") != nil, "python3 holds the pages"))
    struct UnfinishedReads {
        /// The mount of the pages.
        private let pages: LiveMount
        private let mount: LiveMount

        init() throws {
            pages = try LiveMount { source in
                try Data([UInt8](repeating: 1, count: 4096)).write(
                    to: URL(fileURLWithPath: "\(source)/page"))
            }
            mount = try LiveMount(
                options: "allow_other,bypass=auto,auto_size=0,pause_timeout=30"
            ) { source in
                for name in ["file", "other"] {
                    try Data([UInt8](repeating: 7, count: 1 << 20)).write(
                        to: URL(fileURLWithPath: "\(source)/\(name)"))
                }
            }
        }

        private func python(_ script: String) throws -> RunningProgram {
            let python = try #require(Program.find("python3"))
            return try RunningProgram(Program(python, ["-c", script]))
        }

        /// Starts programs whose reads of `file` cannot end before ``letGo()``, and waits until the
        /// reads have begun.
        private func holdReads(_ count: Int) throws -> [RunningProgram] {
            let go = mount.folder.path("go")
            let programs = try (0..<count).map { _ in
                try python(
                    """
                    import mmap, os, time
                    page = os.open('\(pages.mountpoint)/page', os.O_RDWR)
                    memory = mmap.mmap(page, 4096)
                    file = os.open('\(mount.mountpoint)/file', os.O_RDONLY | os.O_DIRECT)
                    print('ready', flush=True)
                    while not os.path.exists('\(go)'): time.sleep(0.02)
                    print('reads', flush=True)
                    print(os.preadv(file, [memory], 0), memory[0], flush=True)
                    """)
            }
            try expect(of: programs, "ready")
            pages.signalService(SIGSTOP)
            #expect(FileManager.default.createFile(atPath: go, contents: nil))
            try expect(of: programs, "reads")
            usleep(300_000)
            let areRunning = programs.allSatisfy { $0.isRunning }
            #expect(areRunning, "a read ended that can't")
            return programs
        }

        private func expect(of programs: [RunningProgram], _ word: String) throws {
            let end = Date(timeIntervalSinceNow: 60)
            for program in programs {
                while !program.outputSoFar.contains(word) {
                    guard program.isRunning, Date() < end else {
                        throw TestError("\(program.outputSoFar)\(program.errorsSoFar)")
                    }
                    usleep(20_000)
                }
            }
        }

        private func letGo() { pages.signalService(SIGCONT) }

        private func expectRead(_ programs: [RunningProgram]) throws {
            for program in programs {
                let outcome = try #require(program.wait(within: 60), "it reads on")
                #expect(outcome.lines.last == "4096 7", "\(outcome)")
            }
        }

        /// A program that sends STREAM_PAUSE and prints its NTSTATUS.
        private func pausing() throws -> RunningProgram {
            try python(
                """
                import fcntl, os, struct
                file = os.open('\(mount.mountpoint)/file', os.O_RDONLY)
                message = bytearray(512)
                struct.pack_into('<IIII', message, 0, 0x00090448, 0, 24, 352)
                struct.pack_into('<II', message, 24, \(BypassIOOperation.streamPause.rawValue), 0)
                print('pauses', flush=True)
                fcntl.ioctl(file, 0xC2004201, message)
                print('%08X' % struct.unpack_from('<I', message, 16), flush=True)
                """)
        }

        @Test("sixteen reads and sixteen pauses that wait hold up no other request")
        func others() throws {
            let readers = try holdReads(16)
            defer { letGo() }
            let pauses = try (0..<16).map { _ in try pausing() }
            try expect(of: pauses, "pauses")
            let outcome = try Program.shell(
                "stat -c %s other; echo text > new; cat new; head -c 5 other | wc -c; ls",
                in: mount.mountpoint
            ).run(within: 20)
            let expected = ["1048576", "text", "5", "file", "new", "other"]
            #expect(outcome.lines == expected, "\(outcome)")
            let areWaiting = pauses.allSatisfy { $0.isRunning }
            #expect(areWaiting, "a pause ended before the reads")
            letGo()
            try expectRead(readers)
            for pause in pauses {
                let ended = try #require(pause.wait(within: 60), "it waits on")
                #expect(ended.lines.last == "00000000", "\(ended)")
            }
        }

        @Test("a killed program does not wait for the reads that its pause drains")
        func killed() throws {
            let readers = try holdReads(1)
            defer { letGo() }
            let pause = try pausing()
            try expect(of: [pause], "pauses")
            usleep(500_000)
            #expect(pause.isRunning)
            pause.signal(SIGKILL)
            #expect(pause.wait(within: 15) != nil, "it waits on")
            let areReading = readers.allSatisfy { $0.isRunning }
            #expect(areReading)
            letGo()
            try expectRead(readers)
        }

        @Test("a pause that takes too long ends with STATUS_IO_TIMEOUT and leaves nothing paused")
        func tooLong() throws {
            let short = try LiveMount(
                options: "allow_other,bypass=auto,auto_size=0,pause_timeout=1"
            ) { source in
                try Data([UInt8](repeating: 7, count: 1 << 20)).write(
                    to: URL(fileURLWithPath: "\(source)/file"))
            }
            let test = Self(pages, short)
            let readers = try test.holdReads(1)
            defer { letGo() }
            let pause = try test.pausing()
            let outcome = try #require(pause.wait(within: 60), "it waits on")
            #expect(outcome.lines.last == "C00000B5", "\(outcome)")
            letGo()
            try expectRead(readers)
            let again = try #require(try test.pausing().wait(within: 60))
            #expect(again.lines.last == "00000000", "\(again)")
        }

        private init(_ pages: LiveMount, _ mount: LiveMount) {
            (self.pages, self.mount) = (pages, mount)
        }
    }
}
