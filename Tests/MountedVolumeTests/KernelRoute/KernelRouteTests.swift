import BypassIOClient
import BypassIOProtocol
import CPosixCalls
import Foundation
import SystemPackage
import Testing

extension MountedVolume {
    /// `bypass=auto` on a live mount: the kernel reads files itself, and the stack can stop it.
    @Suite(.enabled(if: MountCommand.chosen.isOurs, "the kernel route is ours"))
    struct KernelRoute {
        private func mounted(_ options: String = "bypass=auto") throws -> LiveMount {
            let mount = try LiveMount(options: "allow_other,auto_size=0,\(options)")
            for name in ["file", "other"] {
                try Data([UInt8](repeating: 7, count: 65536)).write(
                    to: URL(fileURLWithPath: "\(mount.source)/\(name)"))
            }
            return mount
        }

        /// The routes of the file's open handles, once there are `count`: the service learns of a
        /// close after close(2) has returned.
        private func routes(_ mount: LiveMount, of count: Int = 1) throws -> [String] {
            var routes: [String] = []
            for attempt in 0..<100 {
                if attempt > 0 { usleep(50_000) }
                let handles = try mount.facts("state", "\(mount.mountpoint)/file")["handles"]
                routes = try #require(handles as? [[String: Any]]).compactMap {
                    $0["route"] as? String
                }
                if routes.count == count { break }
            }
            return routes
        }

        private func gatedReads(_ mount: LiveMount) throws -> Int {
            let kernel = try #require(try mount.facts("filters")["kernelRoute"] as? [String: Any])
            return try #require(kernel["gatedReads"] as? Int)
        }

        private func callbacks(_ mount: LiveMount) throws -> Int {
            let filters = try #require(try mount.facts("filters")["filters"] as? [[String: Any]])
            return filters.reduce(0) { $0 + ($1["preCallbacks"] as? Int ?? 0) }
        }

        private func manage(_ operation: BypassIOOperation, _ path: String) throws {
            let file = try KernelReader(path, .directReader)
            _ = try BypassIOClient(FileDescriptor(rawValue: file.descriptor)).manage(operation)
        }

        @Test("an unmodified program's reads meet no filter")
        func unseen() throws {
            let mount = try mounted("bypass=auto,filter=accessheat,filter=readaudit")
            let file = try KernelReader("\(mount.mountpoint)/file")
            #expect(try routes(mount) == ["kernel bypass"])
            let before = try callbacks(mount)
            for page in 0..<16 { #expect(try file.value(page: page) == 7) }
            #expect(try callbacks(mount) - before <= 4, "but the controls of who asks")
            #expect(try gatedReads(mount) == 0)
        }

        @Test(
            "access times follow the mount's rule when the kernel reads", arguments: [false, true])
        func accessTimes(_ areLeft: Bool) throws {
            let mount = try mounted(areLeft ? "bypass=auto,noatime" : "bypass=auto")
            let source = "\(mount.source)/file"
            let longAgo = call_time(seconds: 1_000_000_000, nanoseconds: 0)
            let omit = call_time(seconds: 0, nanoseconds: 0x3FFF_FFFE)
            let times = [longAgo, omit]
            #expect(unsafe call_utimens(source, times, 0) == 0)
            let file = try KernelReader("\(mount.mountpoint)/file")
            #expect(try routes(mount) == ["kernel bypass"])
            #expect(try file.value() == 7)
            var status = call_status()
            #expect(unsafe call_status(-100, source, 0, &status) == 0)
            #expect((status.accessed.seconds == longAgo.seconds) == areLeft)
        }

        @Test("every mixture of opens, in every order, reads and writes the right bytes")
        func mixtures() throws {
            let mount = try mounted("bypass=auto,filter=contentscan")
            let path = "\(mount.mountpoint)/file"
            var value: UInt8 = 7
            for first in KernelReader.Kind.allCases {
                for second in KernelReader.Kind.allCases {
                    for third in KernelReader.Kind.allCases {
                        let files = try [first, second, third].map {
                            try KernelReader(path, $0)
                        }
                        for (file, kind) in zip(files, [first, second, third]) where kind.mayWrite {
                            value &+= 1
                            try file.write(value)
                            for other in files { #expect(try other.value() == value) }
                        }
                        for other in files { #expect(try other.value() == value) }
                    }
                }
            }
        }

        @Test("opens and closes by many at once never fail, and never disagree")
        func manyAtOnce() async throws {
            let mount = try mounted("bypass=auto,filter=contentscan")
            let path = "\(mount.mountpoint)/file"
            try await withThrowingTaskGroup(of: Void.self) { group in
                for worker in 0..<4 {
                    group.addTask {
                        for round in 0..<400 {
                            let kind = KernelReader.Kind.allCases[(worker + round * 3) % 4]
                            let file = try KernelReader(path, kind)
                            #expect(try file.value(page: round % 16) == 7)
                            if kind.mayWrite { try file.write(7, page: round % 16) }
                        }
                    }
                }
                try await group.waitForAll()
            }
        }

        @Test("STREAM_PAUSE: reads of an open file ask from then on, and after the resume no more")
        func pause() throws {
            let mount = try mounted("bypass=auto,filter=accessheat")
            let path = "\(mount.mountpoint)/file"
            let (cached, direct) = (try KernelReader(path), try KernelReader(path, .directReader))
            try manage(.streamPause, path)
            #expect(try routes(mount, of: 2) == ["gated", "gated"])
            let before = try gatedReads(mount)
            for page in 0..<4 {
                #expect(try cached.value(page: page) == 7)
                #expect(try direct.value(page: page) == 7)
            }
            #expect(try gatedReads(mount) - before >= 8)
            try manage(.streamResume, path)
            let after = try gatedReads(mount)
            #expect(try cached.value(page: 5) == 7)
            #expect(try direct.value(page: 6) == 7)
            #expect(try gatedReads(mount) == after)
            #expect(try routes(mount, of: 2) == ["kernel bypass", "kernel bypass"])
        }

        @Test("VOLUME_STACK_PAUSE stops the kernel's reads, too")
        func volumePause() throws {
            let mount = try mounted()
            let path = "\(mount.mountpoint)/file"
            let file = try KernelReader(path)
            try manage(.volumeStackPause, path)
            #expect(try routes(mount) == ["gated"])
            #expect(try file.value() == 7)
            try manage(.volumeStackResume, path)
            #expect(try routes(mount) == ["kernel bypass"])
        }

        @Test("a scan verdict that turns bad denies the reads of a file that was open long before")
        func verdictTurnsBad() throws {
            let mount = try mounted("bypass=auto,filter=contentscan")
            let path = "\(mount.mountpoint)/file"
            let file = try KernelReader(path)
            #expect(try file.value(page: 3) == 7)
            let writer = try KernelReader(path, .writer)
            let text = Array(
                #"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"#.utf8)
            #expect(unsafe call_pwrite(writer.descriptor, text, text.count, 8192) == text.count)
            #expect(file.readAnswer(page: 2) == -Int64(EPERM))
            #expect(file.readAnswer(page: 3) == -Int64(EPERM))
        }

        @Test("names, sizes and modes change under a reader as on any file system")
        func changes() throws {
            let mount = try mounted()
            let path = "\(mount.mountpoint)/file"
            let file = try KernelReader(path)
            let (renamed, link) = ("\(mount.mountpoint)/renamed", "\(mount.mountpoint)/link")
            #expect(unsafe call_link(path, link, 0) == 0)
            #expect(unsafe call_rename(path, renamed, 0) == 0)
            #expect(try file.value(page: 15) == 7)
            let other = try KernelReader(link)
            #expect(unsafe call_truncate(renamed, 32768) == 0)
            #expect(file.readAnswer(page: 15) == 0 && other.readAnswer(page: 8) == 0)
            #expect(try other.value(page: 7) == 7)
            #expect(unsafe call_unlink(renamed) == 0)
            #expect(unsafe call_unlink(link) == 0)
            #expect(try file.value(page: 7) == 7)
        }

        @Test("a mapping is the backing file's, and outlives its descriptor")
        func mapping() throws {
            let mount = try mounted()
            let path = "\(mount.mountpoint)/file"
            var file: KernelReader? = try KernelReader(path)
            let memory = try MappedMemory(
                try #require(file).descriptor, length: 65536, writable: false)
            file = nil
            #expect(unsafe memory.address.load(fromByteOffset: 40000, as: UInt8.self) == 7)
            let writer = try KernelReader(path, .writer)
            try writer.write(9, page: 9)
            #expect(unsafe memory.address.load(fromByteOffset: 40000, as: UInt8.self) == 9)
        }

        @Test("who must see every read refuses by name, and the reads go through the filters")
        func refused() throws {
            let mount = try mounted("bypass=auto,filter=readaudit:every-read=yes")
            let file = try KernelReader("\(mount.mountpoint)/file")
            #expect(try file.value() == 7)
            let state = try mount.facts("state", "\(mount.mountpoint)/file")
            let handles = try #require(state["handles"] as? [[String: Any]])
            #expect(handles.first?["route"] as? String == "traditional")
            let reason = try #require(handles.first?["because"] as? String)
            #expect(reason.contains("readaudit refuses"))
        }

        @Test(
            "bypass=request grants nothing by itself, bypass=off nothing at all",
            arguments: ["request", "off"])
        func offers(offer: String) throws {
            let mount = try mounted("bypass=\(offer)")
            let path = "\(mount.mountpoint)/file"
            let file = try KernelReader(path, .directReader)
            #expect(try routes(mount) == ["traditional"])
            let answer = try BypassIOClient(FileDescriptor(rawValue: file.descriptor)).manage(
                .enable)
            #expect((answer.results?.status == .success) == (offer == "request"))
            #expect(try routes(mount) == [offer == "off" ? "traditional" : "service bypass"])
        }

        @Test(
            "the service killed: an open file reads on, a new mount at the same place serves again")
        func serviceKilled() throws {
            let mount = try mounted()
            let path = "\(mount.mountpoint)/file"
            let file = try KernelReader(path)
            mount.killService()
            #expect(try file.value(page: 4) == 7)
            #expect(throws: TestError.self) { try KernelReader("\(mount.mountpoint)/other") }
            let program = try #require(BuiltPrograms.bypassio)
            let again = try Program(
                program,
                [
                    "mount", "--background", "-o", "bypass=auto,auto_size=0", mount.source,
                    mount.mountpoint,
                ]
            ).run(within: 20)
            #expect(again.code == 0, "\(again)")
            #expect("\(again)".contains("was gone; its mount was taken away"))
            #expect(try KernelReader(path).value(page: 4) == 7)
            #expect(try file.value(page: 5) == 7)
            _ = try Program(program, ["umount", "--lazy", mount.mountpoint]).run(within: 20)
        }
    }
}
