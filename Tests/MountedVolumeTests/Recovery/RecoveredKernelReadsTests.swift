import BypassIOClient
import BypassIOProtocol
import CPosixCalls
import Foundation
import LinuxKit
import SystemPackage
import Testing

extension MountedVolume {
    /// A service that is killed while the kernel reads files itself (`bypass=auto`).
    @Suite(.enabled(if: MountCommand.chosen.isOurs, "the kernel route is ours"))
    struct RecoveredKernelReads {
        private static func mounted(
            _ filters: [String], _ options: String = ""
        ) throws -> RecoveringMount {
            try RecoveringMount("allow_other,bypass=auto,auto_size=0\(options)", filters) {
                source in
                for number in 0..<4 {
                    try Data(repeating: UInt8(number + 1), count: 65536)
                        .write(to: URL(fileURLWithPath: "\(source)/\(number)"))
                }
            }
        }

        private static func open(_ mount: RecoveringMount) throws -> [KernelReader] {
            try (0..<4).map { try KernelReader("\(mount.place)/\($0)") }
        }

        private static func routes(_ number: Int, _ mount: RecoveringMount) throws -> [String] {
            let state = try mount.live.facts("state", "\(mount.place)/\(number)")
            let handles = try #require(state["handles"] as? [[String: Any]])
            return handles.compactMap { $0["route"] as? String }
        }

        private static func kernelRoute(_ mount: RecoveringMount) throws -> [String: Any] {
            try #require(try mount.live.facts("filters")["kernelRoute"] as? [String: Any])
        }

        private static func set(_ words: String, _ mount: RecoveringMount) throws {
            let outcome = try RecoveringMount.bypassio("set", "fault", words, mount.place)
            #expect(outcome.code == 0, "\(outcome)")
        }

        @Test(
            "files and mappings are read on by the kernel after each of three kills",
            arguments: [nil, "accessheat", "contentscan"])
        func readOn(filter: String?) throws {
            let mount = try Self.mounted(filter.map { [$0] } ?? [])
            let files = try Self.open(mount)
            let mapped = try MappedMemory(files[1].descriptor, length: 65536, writable: false)
            for round in 1...3 {
                try mount.replaceService()
                #expect(try files.map { try $0.value() } == [1, 2, 3, 4])
                #expect(unsafe mapped.address.load(fromByteOffset: 40_000, as: UInt8.self) == 2)
                // A scanner looks through each file first.
                let isOpen = try LiveMount.eventually {
                    try Self.routes(0, mount) == ["kernel bypass"]
                }
                #expect(isOpen, "round \(round)")
                let more = try KernelReader("\(mount.place)/0")
                #expect(try more.value(page: 3) == 1)
                #expect(try Self.routes(0, mount) == ["kernel bypass", "kernel bypass"])
                // Beside a kernel reader each of its reads is a request.
                let writer = try KernelReader("\(mount.place)/2", .writer)
                try writer.write(3, page: 15)
                #expect(try files[2].value(page: 15) == 3)
            }
        }

        @Test("a gate that a filter shut stays shut; reads wait on, and are answered once")
        func shutGate() throws {
            let mount = try Self.mounted(["fault"])
            let files = try Self.open(mount)
            #expect(try files.map { try $0.value() } == [1, 2, 3, 4])
            try Self.set("rule=**;read;hang;name=shut", mount)
            let early = files[..<2].map { HeldReader($0) }
            #expect(try LiveMount.eventually { try mount.live.heldRequests() == 2 })
            try mount.replaceService()
            #expect(try Self.routes(0, mount) == ["gated"])
            #expect(try LiveMount.eventually { try mount.live.heldRequests() == 2 })
            let late = files[2...].map { HeldReader($0) }
            #expect(try LiveMount.eventually { try mount.live.heldRequests() == 4 })
            try mount.replaceService()
            #expect(try LiveMount.eventually { try mount.live.heldRequests() == 4 })
            #expect((early + late).allSatisfy { !$0.isOver })
            for number in 0..<4 {
                let file = try RawFile("\(mount.source)/\(number)", RawFile.readWrite)
                let bytes = [UInt8](repeating: 40, count: 65536)
                #expect(unsafe call_pwrite(file.descriptor, bytes, bytes.count, 0) == 65536)
            }
            try Self.set("remove=shut", mount)
            #expect(try (early + late).map { try $0.value() } == [40, 40, 40, 40])
            #expect(
                try LiveMount.eventually {
                    try Self.routes(0, mount) == ["kernel bypass"]
                })
        }

        @Test("a program's pause from before is there, and its resume opens the gate")
        func pause() throws {
            let mount = try Self.mounted(["accessheat"])
            let files = try Self.open(mount)
            let own = try KernelReader("\(mount.place)/0", .directReader)
            let client = BypassIOClient(FileDescriptor(rawValue: own.descriptor))
            _ = try client.manage(.streamPause)
            for _ in 1...2 {
                try mount.replaceService()
                #expect(try Self.routes(0, mount) == ["gated", "gated"])
                #expect(try Self.routes(1, mount) == ["kernel bypass"])
                #expect(try files[0].value() == 1)
            }
            #expect(try client.manage(.streamResume).results?.status == .success)
            #expect(try Self.routes(0, mount) == ["kernel bypass", "kernel bypass"])
        }

        @Test(
            "a read that waits at a gate fails once service and keeper are gone, after a restart, too"
        )
        func bothKilled() throws {
            let mount = try Self.mounted(["fault"], ",hang_wait=600")
            let files = try Self.open(mount)
            let old = try mount.service()
            let restarted = try RecoveringMount.bypassio("restart", mount.place)
            #expect(restarted.code == 0, "\(restarted)")
            #expect(try LiveMount.eventually { try mount.service() != old })
            try Self.set("rule=**;read;hang;name=shut", mount)
            let held = HeldReader(files[0])
            #expect(try LiveMount.eventually { try mount.live.heldRequests() == 1 })
            let (service, keeper) = (try mount.service(), try mount.keeper())
            // Stopped, it starts no other keeper.
            #expect(kill(service, SIGSTOP) == 0)
            #expect(kill(keeper, SIGKILL) == 0)
            #expect(kill(service, SIGKILL) == 0)
            #expect(try held.count() == -Int64(EIO))
        }

        @Test("the guardian stays, and answers once nobody takes over any more")
        func guardian() throws {
            let mount = try Self.mounted(["contentscan"])
            let files = try Self.open(mount)
            let first = try #require(try Self.kernelRoute(mount)["guardian"] as? Int)
            for _ in 1...2 {
                try mount.replaceService()
                #expect(try Self.kernelRoute(mount)["guardian"] as? Int == first)
                #expect(try Self.kernelRoute(mount)["guardedFiles"] as? Int == 4)
            }
            let service = try mount.service()
            // Stopped, it starts no other keeper.
            #expect(kill(service, SIGSTOP) == 0)
            #expect(kill(try mount.keeper(), SIGKILL) == 0)
            #expect(kill(service, SIGKILL) == 0)
            #expect(
                LiveMount.eventually { files.allSatisfy { $0.readAnswer() == -Int64(EIO) } })
        }
    }
}
