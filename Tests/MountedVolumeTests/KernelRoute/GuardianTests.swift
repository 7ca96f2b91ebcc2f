import BypassIOClient
import BypassIOProtocol
import CPosixCalls
import Foundation
import LinuxKit
import SystemPackage
import Testing

extension MountedVolume {
    /// A service that dies or hangs opens no gate (`crash=closed`).
    @Suite(.enabled(if: MountCommand.chosen.isOurs, "the kernel route is ours"))
    struct Guardians {
        private func mounted(_ options: String, files: Int = 2) throws -> LiveMount {
            let mount = try LiveMount(
                options: "allow_other,bypass=auto,auto_size=0,\(options)",
                prepare: { try fill($0, files: files, with: 7) })
            return mount
        }

        private func manage(_ operation: BypassIOOperation, _ path: String) throws {
            let file = try KernelReader(path, .directReader)
            _ = try BypassIOClient(FileDescriptor(rawValue: file.descriptor)).manage(operation)
        }

        /// In the files that are there, too.
        private func fill(_ folder: String, files: Int, with value: UInt8) throws {
            for number in 0..<files {
                let path = "\(folder)/\(number)"
                let file = unsafe call_open(path, 0o102, 0o644)
                try #require(file >= 0)
                defer { _ = call_close(Int32(file)) }
                let bytes = [UInt8](repeating: value, count: 8192)
                try #require(unsafe call_pwrite(Int32(file), bytes, bytes.count, 0) == bytes.count)
            }
        }

        private func files(_ mount: LiveMount, _ count: Int) throws -> [KernelReader] {
            try (0..<count).map { try KernelReader("\(mount.mountpoint)/\($0)") }
        }

        private func guardian(_ mount: LiveMount) throws -> Int? {
            let route = try #require(try mount.facts("filters")["kernelRoute"] as? [String: Any])
            return route["guardian"] as? Int
        }

        private func isGuardian(_ process: Int, of mount: LiveMount) -> Bool {
            let words = KernelFile.text("/proc/\(process)/cmdline") ?? ""
            return words.contains("guardian-of\0\(mount.mountpoint)\0")
        }

        private func eventually(_ isSo: () throws -> Bool) rethrows -> Bool {
            for _ in 0..<2400 {
                if try isSo() { return true }
                usleep(25_000)
            }
            return try isSo()
        }

        /// Reads from memory, so that only the gate can fail it.
        private func answers(_ files: [KernelReader]) -> Set<Int64> {
            Set(files.flatMap { file in (0..<2).map { file.readAnswer(page: $0) } })
        }

        @Test(
            "killed under sixteen readers: from then on every read fails, and none sees a later byte",
            arguments: [true, false])
        func killed(isPaused: Bool) throws {
            let count = 240
            let mount = try mounted("filter=contentscan", files: count)
            let files = try files(mount, count)
            let process = try #require(try guardian(mount))
            if isPaused { try manage(.volumeStackPause, "\(mount.mountpoint)/0") }
            let readers = (0..<16).map { number in
                PassingReader(files.enumerated().filter { $0.offset % 16 == number }.map(\.element))
            }
            #expect(eventually { readers.allSatisfy { $0.counts.passed > 20 } })
            mount.killService()
            // The first failure comes when all gates are in the way. A thread that has had one has
            // ended what it had been let pass before.
            #expect(eventually { readers.allSatisfy { $0.counts.failed > 0 } })
            let passed = readers.map(\.counts.passed)
            try fill(mount.source, files: count, with: 9)
            let failed = readers.map(\.counts.failed)
            #expect(
                eventually { zip(readers, failed).allSatisfy { $0.counts.failed > $1 + 20 } })
            for reader in readers { #expect(reader.ends(within: 60), "a read that never ends") }
            let counts = readers.map(\.counts)
            #expect(
                counts.allSatisfy { $0.late == 0 }, "bytes that came after the death: \(counts)")
            #expect(counts.map(\.passed) == passed)
            #expect(counts.allSatisfy { $0.errors == [EIO] }, "\(counts)")
            #expect(isGuardian(process, of: mount))
        }

        @Test("files that every filter leaves unwatched are read on, and no guardian is needed")
        func unwatched() throws {
            let mount = try mounted("filter=accessheat")
            let files = try files(mount, 2)
            #expect(try guardian(mount) == nil)
            mount.killService()
            #expect(answers(files) == [4096])
        }

        @Test("a gate that a pause closed stays closed; the file beside it is read on")
        func paused() throws {
            let mount = try mounted("filter=accessheat")
            let files = try files(mount, 2)
            try manage(.streamPause, "\(mount.mountpoint)/0")
            #expect(answers(files) == [4096])
            let process = try #require(try guardian(mount))
            mount.killService()
            #expect(answers([files[0]]) == [-Int64(EIO)])
            #expect(answers([files[1]]) == [4096])
            #expect(isGuardian(process, of: mount))
        }

        @Test("after the resume of a pause the file counts as unwatched again")
        func resumed() throws {
            let mount = try mounted("filter=accessheat")
            let files = try files(mount, 1)
            try manage(.streamPause, "\(mount.mountpoint)/0")
            try manage(.streamResume, "\(mount.mountpoint)/0")
            mount.killService()
            #expect(answers(files) == [4096])
        }

        @Test("a filter that is attached later has its gates, too")
        func attachedLater() throws {
            let mount = try mounted("filter=accessheat")
            let files = try files(mount, 2)
            let program = try #require(BuiltPrograms.bypassio)
            let outcome = try Program(program, ["attach", "contentscan", mount.mountpoint])
                .run(within: 20)
            #expect(outcome.code == 0, "\(outcome)")
            #expect(try guardian(mount) != nil)
            mount.killService()
            #expect(eventually { answers(files) == [-Int64(EIO)] })
        }

        @Test("crash=open: the kernel opens every gate, and there is no guardian")
        func open() throws {
            let mount = try mounted("crash=open,filter=contentscan")
            let files = try files(mount, 2)
            try manage(.volumeStackPause, "\(mount.mountpoint)/0")
            #expect(try guardian(mount) == nil)
            mount.killService()
            #expect(answers(files) == [4096])
        }

        @Test("crash_wait: a read waits so long, and then fails")
        func waits() throws {
            let mount = try mounted("crash_wait=2,filter=contentscan")
            let files = try files(mount, 1)
            try manage(.volumeStackPause, "\(mount.mountpoint)/0")
            mount.killService()
            let start = ContinuousClock.now
            #expect(answers(files) == [-Int64(EIO)])
            #expect(start.duration(to: .now) > .seconds(1))
        }

        @Test("a stopped service: a read waits, then fails; when it goes on, reads pass again")
        func stopped() throws {
            let mount = try mounted("hang_wait=1,filter=contentscan")
            let files = try files(mount, 2)
            try manage(.volumeStackPause, "\(mount.mountpoint)/0")
            #expect(answers(files) == [4096])
            let process = try #require(try guardian(mount))
            mount.signalService(SIGSTOP)
            let start = ContinuousClock.now
            #expect(answers(files) == [-Int64(EIO)])
            #expect(start.duration(to: .now) > .milliseconds(900))
            mount.signalService(SIGCONT)
            #expect(eventually { answers(files) == [4096] })
            let before = try #require(try mount.facts("filters")["kernelRoute"] as? [String: Any])
            #expect(before["guardian"] as? Int == process)
            try manage(.volumeStackResume, "\(mount.mountpoint)/0")
            #expect(answers(files) == [4096])
            let state = try mount.facts("state", "\(mount.mountpoint)/0")
            let handles = try #require(state["handles"] as? [[String: Any]])
            #expect(handles.first?["route"] as? String == "kernel bypass")
        }

        @Test("a clean end leaves no guardian")
        func cleanEnd() throws {
            let mount = try mounted("filter=contentscan")
            var files: [KernelReader]? = try files(mount, 2)
            #expect(answers(files ?? []) == [4096])
            let process = try #require(try guardian(mount))
            #expect(isGuardian(process, of: mount))
            files = nil
            mount.stop()
            #expect(eventually { !isGuardian(process, of: mount) })
        }

        @Test(
            "the guardian of a killed service ends with the last file, however it is unmounted",
            arguments: ["--lazy", "--force"])
        func unmounted(how: String) throws {
            let mount = try mounted("filter=contentscan")
            var files: [KernelReader]? = try files(mount, 2)
            let process = try #require(try guardian(mount))
            mount.killService()
            let program = try #require(BuiltPrograms.bypassio)
            let outcome = try Program(program, ["umount", how, mount.mountpoint]).run(within: 30)
            #expect(outcome.code == 0, "\(outcome)")
            #expect(MountTable.fileSystem(at: mount.mountpoint) == nil)
            #expect(eventually { answers(files ?? []) == [-Int64(EIO)] })
            #expect(isGuardian(process, of: mount))
            files = nil
            #expect(eventually { !isGuardian(process, of: mount) })
        }

        @Test("a second signal ends the service with files open: their gates do not open")
        func secondSignal() throws {
            let mount = try mounted("filter=contentscan")
            let files = try files(mount, 2)
            let process = try #require(try guardian(mount))
            mount.signalService(SIGTERM)
            #expect(eventually { MountTable.fileSystem(at: mount.mountpoint) == nil })
            mount.signalService(SIGTERM)
            #expect(mount.waitForService(within: 30) != nil)
            #expect(eventually { answers(files) == [-Int64(EIO)] })
            #expect(isGuardian(process, of: mount))
        }

        @Test("a guardian that was killed is replaced, and the next one knows every file")
        func guardianKilled() throws {
            let mount = try mounted("filter=contentscan", files: 40)
            let files = try files(mount, 40)
            let first = try #require(try guardian(mount))
            #expect(kill(pid_t(first), SIGKILL) == 0)
            #expect(eventually { (try? guardian(mount)) ?? first != first })
            #expect(answers(files) == [4096])
            #expect(
                eventually {
                    mount.serviceMessages.contains("the guardian of the gates was gone")
                })
            mount.killService()
            #expect(eventually { answers(files) == [-Int64(EIO)] })
        }

        @Test("no signal but SIGKILL ends a guardian")
        func signals() throws {
            let mount = try mounted("filter=contentscan")
            let files = try files(mount, 2)
            let process = try #require(try guardian(mount))
            for number in [SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGPIPE, SIGUSR1] {
                #expect(kill(pid_t(process), number) == 0)
            }
            mount.killService()
            #expect(eventually { answers(files) == [-Int64(EIO)] })
            #expect(isGuardian(process, of: mount))
        }

        @Test("after a crash a new mount at the same place serves, and what was open before fails")
        func mountedAgain() throws {
            let mount = try mounted("filter=contentscan")
            let path = "\(mount.mountpoint)/0"
            var old: KernelReader? = try KernelReader(path)
            let first = try #require(try guardian(mount))
            mount.killService()
            let program = try #require(BuiltPrograms.bypassio)
            let again = try Program(
                program,
                [
                    "mount", "--background", "-o",
                    "bypass=auto,auto_size=0,filter=contentscan", mount.source, mount.mountpoint,
                ]
            ).run(within: 20)
            #expect(again.code == 0, "\(again)")
            let new = try KernelReader(path)
            #expect(try new.value() == 7)
            #expect(eventually { old?.readAnswer() == -Int64(EIO) })
            #expect(try new.value(page: 1) == 7)
            let second = try #require(try guardian(mount))
            #expect(second != first)
            old = nil
            #expect(eventually { !isGuardian(first, of: mount) })
            #expect(isGuardian(second, of: mount))
            _ = try Program(program, ["umount", "--lazy", mount.mountpoint]).run(within: 20)
        }
    }
}

/// Reads files again and again, on a thread of its own.
private final class PassingReader: @unchecked Sendable {
    struct Counts {
        var passed = 0
        var failed = 0
        /// Reads that found bytes that were not there before.
        var late = 0
        var errors: Set<Int32> = []
    }

    private let lock = NSLock()
    private var state = Counts()
    private let files: [KernelReader]
    private var isOver = false
    private var thread: OwnThread?

    init(_ files: [KernelReader]) {
        self.files = files
        thread = OwnThread { [self] in work() }
    }

    var counts: Counts { lock.withLock { state } }

    func ends(within seconds: Double) -> Bool {
        lock.withLock { isOver = true }
        return thread?.join(within: seconds) ?? true
    }

    private func work() {
        for round in 0... {
            let file = files[round % files.count]
            let answer = file.readAnswer(page: round % 2)
            let isLate = answer == 4096 && file.lastByte == 9
            let isOver = lock.withLock {
                if answer == 4096 { state.passed += 1 } else { state.failed += 1 }
                if isLate { state.late += 1 }
                if answer < 0 { state.errors.insert(Int32(-answer)) }
                return self.isOver
            }
            if isOver { return }
        }
    }
}
