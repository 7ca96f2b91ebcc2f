import BypassIOClient
import BypassIOProtocol
import CPosixCalls
import Foundation
import LinuxKit
import SystemPackage
import Testing

extension MountedVolume {
    /// A new service while the kernel reads files itself (`bypass=auto`).
    @Suite(.enabled(if: MountCommand.chosen.isOurs, "the kernel route is ours"))
    struct KernelRouteRestarts {
        private static let options = "allow_other,bypass=auto,auto_size=0"

        private static func mounted(
            _ filters: [String] = [], files: Int = 4, options: String = Self.options
        ) throws -> LiveMount {
            try LiveMount(options: options, filters: filters) { source in
                for number in 0..<files {
                    try Data(repeating: UInt8(number + 1), count: 65536)
                        .write(to: URL(fileURLWithPath: "\(source)/\(number)"))
                }
            }
        }

        @discardableResult
        private static func bypassio(_ words: String...) throws -> Program.Outcome {
            let outcome = try Program(try #require(BuiltPrograms.bypassio), words).run(within: 120)
            #expect(outcome.code == 0, "\(words): \(outcome)")
            return outcome
        }

        /// Returns the new service's process.
        @discardableResult
        private static func restart(_ mount: LiveMount) throws -> pid_t {
            let outcome = try bypassio("restart", mount.mountpoint)
            let words = outcome.output.split(separator: " ")
            return try #require(words.count > 1 ? pid_t(words[1]) : nil)
        }

        private static func routes(_ number: Int, _ mount: LiveMount) throws -> [String] {
            let state = try mount.facts("state", "\(mount.mountpoint)/\(number)")
            let handles = try #require(state["handles"] as? [[String: Any]])
            return handles.compactMap { $0["route"] as? String }
        }

        private static func kernelRoute(_ mount: LiveMount) throws -> [String: Any] {
            try #require(try mount.facts("filters")["kernelRoute"] as? [String: Any])
        }

        private static func open(_ mount: LiveMount, _ count: Int = 4) throws -> [KernelReader] {
            try (0..<count).map { try KernelReader("\(mount.mountpoint)/\($0)") }
        }

        private static func change(_ number: Int, to value: UInt8, _ mount: LiveMount) throws {
            let file = try RawFile("\(mount.source)/\(number)", RawFile.readWrite)
            let bytes = [UInt8](repeating: value, count: 65536)
            let count = unsafe call_pwrite(file.descriptor, bytes, bytes.count, 0)
            try #require(count == bytes.count)
        }

        @Test("files and mappings are read on by the kernel after each of three restarts")
        func readOn() throws {
            let mount = try Self.mounted()
            let files = try Self.open(mount)
            let mapped = try MappedMemory(files[1].descriptor, length: 65536, writable: false)
            for _ in 1...3 {
                try Self.restart(mount)
                #expect(try files.map { try $0.value() } == [1, 2, 3, 4])
                #expect(unsafe mapped.address.load(fromByteOffset: 40_000, as: UInt8.self) == 2)
                #expect(try Self.routes(0, mount) == ["kernel bypass"])
                #expect(try Self.kernelRoute(mount)["openHandles"] as? Int == 4)
                let more = try KernelReader("\(mount.mountpoint)/0")
                #expect(try more.value(page: 3) == 1)
                #expect(try Self.routes(0, mount) == ["kernel bypass", "kernel bypass"])
                // Beside a kernel reader each of its reads is a request.
                let writer = try KernelReader("\(mount.mountpoint)/2", .writer)
                try writer.write(9, page: 15)
                #expect(try files[2].value(page: 15) == 9)
            }
        }

        @Test("a gate that a filter shut stays shut; reads wait on, and are answered")
        func shutGate() throws {
            let mount = try Self.mounted(["fault"])
            let files = try Self.open(mount)
            #expect(try files.map { try $0.value() } == [1, 2, 3, 4])
            try Self.restart(mount)
            try Self.bypassio("set", "fault", "rule=**;read;hang;name=shut", mount.mountpoint)
            #expect(try Self.routes(0, mount) == ["gated"])
            let early = files[..<2].map { HeldReader($0) }
            #expect(try LiveMount.eventually { try mount.heldRequests() == 2 })
            try Self.restart(mount)
            #expect(try Self.routes(0, mount) == ["gated"])
            #expect(try LiveMount.eventually { try mount.heldRequests() == 2 })
            let late = files[2...].map { HeldReader($0) }
            #expect(try LiveMount.eventually { try mount.heldRequests() == 4 })
            try Self.restart(mount)
            #expect(try LiveMount.eventually { try mount.heldRequests() == 4 })
            #expect((early + late).allSatisfy { !$0.isOver })
            for number in 0..<4 { try Self.change(number, to: 40, mount) }
            try Self.bypassio("set", "fault", "remove=shut", mount.mountpoint)
            #expect(try (early + late).map { try $0.value() } == [40, 40, 40, 40])
            #expect(try Self.routes(0, mount) == ["kernel bypass"])
            #expect(try files[3].value(page: 2) == 40)
        }

        @Test("a read that waits is answered by the old service where the new one does not start")
        func refused() throws {
            let mount = try Self.mounted(["fault,rule=lock;write;hang;name=kept"])
            let files = try Self.open(mount)
            try Self.bypassio("set", "fault", "rule=0;read;hang;name=shut", mount.mountpoint)
            let reader = HeldReader(files[0])
            let lock = try RunningProgram(
                Program.shell("printf written > '\(mount.mountpoint)/lock'"))
            #expect(try LiveMount.eventually { try mount.heldRequests() == 2 })
            let words = ["restart", mount.mountpoint]
            let outcome = try Program(try #require(BuiltPrograms.bypassio), words).run(within: 60)
            #expect(outcome.code == 1, "\(outcome)")
            #expect(!reader.isOver)
            try Self.bypassio("set", "fault", "remove=all", mount.mountpoint)
            #expect(try reader.value() == 1)
            #expect(lock.wait(within: 60)?.code == 0)
            #expect(try Self.routes(0, mount) == ["kernel bypass"])
        }

        @Test("a program's pause from before is there, and its resume opens the gate")
        func pause() throws {
            let mount = try Self.mounted(["accessheat"])
            let files = try Self.open(mount)
            let own = try KernelReader("\(mount.mountpoint)/0", .directReader)
            let client = BypassIOClient(FileDescriptor(rawValue: own.descriptor))
            _ = try client.manage(.streamPause)
            for _ in 1...2 {
                try Self.restart(mount)
                #expect(try Self.routes(0, mount) == ["gated", "gated"])
                #expect(try Self.routes(1, mount) == ["kernel bypass"])
                #expect(try files[0].value() == 1)
            }
            #expect(try client.manage(.streamResume).results?.status == .success)
            #expect(try Self.routes(0, mount) == ["kernel bypass", "kernel bypass"])
        }

        @Test("a scanner that knows no verdict gates the files until it has looked at them")
        func scanner() throws {
            let mount = try Self.mounted(["contentscan"])
            let files = try Self.open(mount)
            for _ in 1...2 {
                try Self.restart(mount)
                #expect(try files.map { try $0.value() } == [1, 2, 3, 4])
                #expect(
                    try LiveMount.eventually {
                        try (0..<4).allSatisfy { try Self.routes($0, mount) == ["kernel bypass"] }
                    })
            }
        }

        @Test("the guardian stays, holds the gates of the new service, and is replaced if it dies")
        func guardian() throws {
            let mount = try Self.mounted(["contentscan"])
            let files = try Self.open(mount)
            let first = try #require(try Self.kernelRoute(mount)["guardian"] as? Int)
            for _ in 1...2 {
                try Self.restart(mount)
                #expect(try Self.kernelRoute(mount)["guardian"] as? Int == first)
                #expect(try Self.kernelRoute(mount)["guardedFiles"] as? Int == 4)
            }
            #expect(kill(pid_t(first), SIGKILL) == 0)
            #expect(
                try LiveMount.eventually {
                    (try Self.kernelRoute(mount)["guardian"] as? Int ?? first) != first
                })
            let service = try Self.restart(mount)
            #expect(try files.map { try $0.value() } == [1, 2, 3, 4])
            #expect(kill(service, SIGKILL) == 0)
            #expect(LiveMount.eventually { files.allSatisfy { $0.readAnswer() == -Int64(EIO) } })
        }

        @Test("a new service that cannot have the kernel's reads leaves them and their gates alone")
        func refusedLate() throws {
            let folder = try TestFolder()
            let file = folder.path("options")
            func write(_ words: String) throws {
                try Data("allow_other\nauto_size=0\nfilter=fault\n\(words)\n".utf8)
                    .write(to: URL(fileURLWithPath: file))
            }
            try write("bypass=auto")
            let mount = try Self.mounted(options: "config=\(file)")
            let files = try Self.open(mount)
            try Self.bypassio("set", "fault", "rule=0;read;hang;name=shut", mount.mountpoint)
            let reader = HeldReader(files[0])
            #expect(try LiveMount.eventually { try mount.heldRequests() == 1 })
            let guardian = try #require(try Self.kernelRoute(mount)["guardian"] as? Int)
            try write("bypass=request")
            let words = ["restart", mount.mountpoint]
            let outcome = try Program(try #require(BuiltPrograms.bypassio), words).run(within: 60)
            #expect(outcome.code == 1 && outcome.errors.contains("bypass=request"), "\(outcome)")
            #expect(try files[1...].map { try $0.value() } == [2, 3, 4])
            #expect(!reader.isOver)
            #expect(try Self.kernelRoute(mount)["guardian"] as? Int == guardian)
            try write("bypass=auto\ncrash=open")
            try Self.restart(mount)
            #expect(try Self.kernelRoute(mount)["guardian"] == nil)
            #expect(!reader.isOver)
            try Self.bypassio("set", "fault", "remove=all", mount.mountpoint)
            #expect(try reader.value() == 1)
            #expect(try files.map { try $0.value(page: 1) } == [1, 2, 3, 4])
        }

        @Test("a clean end after a restart leaves no guardian")
        func cleanEnd() throws {
            let mount = try Self.mounted(["contentscan"])
            var files: [KernelReader]? = try Self.open(mount)
            let service = try Self.restart(mount)
            #expect(try files?.first?.value() == 1)
            let process = try #require(try Self.kernelRoute(mount)["guardian"] as? Int)
            files = nil
            #expect(kill(service, SIGTERM) == 0)
            #expect(
                LiveMount.eventually {
                    let words = KernelFile.text("/proc/\(process)/cmdline") ?? ""
                    return !words.contains("guardian-of\0\(mount.mountpoint)\0")
                })
            #expect(MountTable.fileSystem(at: mount.mountpoint) == nil)
        }

        /// What the service holds for gates: its descriptors, and the marks of its group.
        private static func holdings(_ process: pid_t) -> (descriptors: Int, marks: Int) {
            let folder = "/proc/\(process)/fdinfo"
            let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
            let marks = names.reduce(0) { sum, name in
                let lines = KernelFile.text("\(folder)/\(name)") ?? ""
                return sum + lines.split(separator: "\n").count { $0.hasPrefix("fanotify mnt_id") }
            }
            return (names.count, marks)
        }

        @Test("twenty restarts with opens and closes between them leave nothing behind")
        func noLeak() throws {
            let mount = try Self.mounted(["accessheat"], files: 8)
            let kept = try KernelReader("\(mount.mountpoint)/0")
            var service = try Self.restart(mount)
            var start: (descriptors: Int, marks: Int)?
            for round in 1...20 {
                var others: [KernelReader]? = try (1..<8).map {
                    try KernelReader("\(mount.mountpoint)/\($0)")
                }
                #expect(try others?.last?.value(page: round % 16) == 8)
                if round % 2 == 0 { others = nil }
                service = try Self.restart(mount)
                others = nil
                #expect(
                    try LiveMount.eventually {
                        try Self.kernelRoute(mount)["openHandles"] as? Int == 1
                    })
                #expect(LiveMount.eventually { Self.holdings(service).marks == 1 })
                #expect(try kept.value() == 1)
                if round == 2 { start = Self.holdings(service) }
            }
            // Threads come and go, each with a descriptor of its own.
            let most = try #require(start).descriptors + 16
            #expect(LiveMount.eventually { Self.holdings(service).descriptors <= most })
            for number in 1..<8 {
                let file = try KernelReader("\(mount.mountpoint)/\(number)")
                #expect(try file.value() == UInt8(number + 1))
                #expect(try Self.routes(number, mount) == ["kernel bypass"])
            }
        }

        @Test(
            "the kernel lets go of a file that was opened before a restart and closed after it",
            .enabled(if: MemoryDisk.areThere && Program.find("mkfs.ext4") != nil, "needs zram"))
        func backingFileReleased() throws {
            var disk: MemoryDisk?
            let mount = try LiveMount(options: Self.options) { source in
                disk = try MemoryDisk("ext4", megabytes: 128, at: source)
                try Data(repeating: 5, count: 32 << 20)
                    .write(to: URL(fileURLWithPath: "\(source)/large"))
            }
            defer { withExtendedLifetime(disk) {} }
            func free() -> UInt64 {
                var volume = call_volume()
                guard unsafe call_statfs(mount.source, &volume) == 0 else { return 0 }
                return volume.blocks_free * volume.block_size
            }
            let before = free()
            do {
                let file = try KernelReader("\(mount.mountpoint)/large")
                #expect(try file.value() == 5)
                try Self.restart(mount)
                #expect(try file.value(page: 9) == 5)
                #expect(unsafe call_unlink("\(mount.mountpoint)/large") == 0)
                #expect(free() < before + (16 << 20))
            }
            #expect(LiveMount.eventually { free() > before + (30 << 20) })
        }

        /// Reads files again and again, and opens them anew now and then.
        private final class Readers: @unchecked Sendable {
            private let lock = NSLock()
            private var isOver = false
            private var faults: [String] = []
            private var rounds = 0

            var count: Int { lock.withLock { rounds } }
            var failures: [String] { lock.withLock { faults } }
            func end() { lock.withLock { isOver = true } }

            func run(_ place: String, number: Int) -> OwnThread {
                OwnThread { [self] in
                    let name = number % 4
                    var file = try? KernelReader("\(place)/\(name)")
                    for round in 0... {
                        if round % 500 == 499 { file = try? KernelReader("\(place)/\(name)") }
                        let answer = file?.readAnswer(page: round % 16) ?? -1
                        let isRight = answer == 4096 && file?.lastByte == UInt8(name + 1)
                        let isOver = lock.withLock {
                            rounds += 1
                            if !isRight { faults.append("\(answer) of \(name)") }
                            return self.isOver || faults.count > 9
                        }
                        if isOver { return }
                    }
                }
            }
        }

        @Test("five restarts under eight readers: no wrong byte", arguments: [false, true])
        func underLoad(isGated: Bool) throws {
            let mount = try Self.mounted([isGated ? "readaudit" : "accessheat"])
            let kept = try Self.open(mount)
            if isGated {
                for file in kept {
                    let client = BypassIOClient(FileDescriptor(rawValue: file.descriptor))
                    _ = try client.manage(.streamPause)
                }
            }
            let readers = Readers()
            let threads = (0..<8).map { readers.run(mount.mountpoint, number: $0) }
            for _ in 1...5 {
                let seen = readers.count
                try Self.restart(mount)
                while readers.count < seen + 2000, readers.failures.isEmpty { usleep(1000) }
            }
            readers.end()
            #expect(threads.allSatisfy { $0.join(within: 60) })
            #expect(readers.failures.isEmpty, "\(readers.failures)")
        }
    }
}
