import BypassIOClient
import BypassIOProtocol
import CPosixCalls
import Foundation
import SystemPackage
import Testing

extension MountedVolume {
    /// A service with a low limit of descriptors.
    @Suite(.enabled(if: MountCommand.chosen.isOurs, "how the service uses descriptors is ours"))
    struct Descriptors {
        private static let files = 100

        private struct Greed: Sendable {
            var opened: [Int32] = []
            var refusal: Int64 = 0
            var failedReads: [Int64] = []
        }

        /// Opens as many files as it can, and reads each.
        private static func takeAll(
            _ mountpoint: String, as user: User, flags: Int32 = 0
        ) -> Greed {
            var greed = Greed()
            _ = unsafe call_set_credentials(user.user, user.group, [], 0)
            defer { _ = call_restore_credentials() }
            for number in 0..<1000 {
                let path = "\(mountpoint)/file\(number % files)"
                let answer = unsafe call_open(path, flags, 0)
                guard answer >= 0 else {
                    greed.refusal = answer
                    break
                }
                greed.opened.append(Int32(answer))
            }
            var byte: UInt8 = 0
            for file in greed.opened {
                let count = unsafe call_pread(file, &byte, 1, 0)
                if count != 1 || byte != 7 { greed.failedReads.append(count) }
            }
            return greed
        }

        private func mounted() throws -> LiveMount {
            let mount = try LiveMount(
                options: "allow_other,bypass=auto,auto_size=0,max_descriptors=256")
            for number in 0..<Self.files {
                try Data([UInt8](repeating: 7, count: 8192)).write(
                    to: URL(fileURLWithPath: "\(mount.source)/file\(number)"))
            }
            return mount
        }

        @Test("one user's opens end in ENFILE, every read of theirs is right, others go on")
        func greedy() throws {
            let mount = try mounted()
            let mountpoint = mount.mountpoint
            let greed = try #require(
                OwnThread.value(within: 60) { Self.takeAll(mountpoint, as: .bob) })
            defer { for file in greed.opened { _ = call_close(file) } }
            #expect(greed.refusal == -Int64(ENFILE))
            #expect(greed.opened.count >= 16, "\(greed.opened.count)")
            #expect(greed.failedReads.isEmpty, "\(greed.failedReads)")
            let other = try #require(
                OwnThread.value(within: 60) { Self.takeAll(mountpoint, as: .alice) })
            defer { for file in other.opened { _ = call_close(file) } }
            #expect(other.opened.count >= 4, "\(other.opened.count)")
            #expect(other.failedReads.isEmpty, "\(other.failedReads)")
            let outcome = try Program.shell("ls -l | wc -l; cat file99 | wc -c", in: mountpoint)
                .run(within: 30)
            #expect(outcome.lines == ["\(Self.files + 1)", "8192"], "\(outcome)")
        }

        @Test("what may be written back by a second descriptor counts as two from the beginning")
        func written() throws {
            let mount = try mounted()
            let mountpoint = mount.mountpoint
            for number in 0..<Self.files {
                _ = unsafe call_chmod("\(mountpoint)/file\(number)", 0o666)
            }
            // Opens for reading and writing, and then also for appending.
            let counts = try [Int32(0o2), 0o2002].map { flags in
                let greed = try #require(
                    OwnThread.value(within: 60) {
                        Self.takeAll(mountpoint, as: .bob, flags: flags)
                    })
                for file in greed.opened { _ = call_close(file) }
                #expect(greed.refusal == -Int64(ENFILE) && greed.failedReads.isEmpty, "\(greed)")
                return greed.opened.count
            }
            // The service counts a close a moment after the close returns.
            #expect(counts[0] >= 16 && counts[1] <= counts[0] / 2 + 1, "\(counts)")
        }

        /// Opens one file again and again, and reads through each descriptor.
        private static func takeOne(_ path: String, _ count: Int, as user: User) -> Greed {
            var greed = Greed()
            _ = unsafe call_set_credentials(user.user, user.group, [], 0)
            defer { _ = call_restore_credentials() }
            while greed.opened.count < count {
                let answer = unsafe call_open(path, 0, 0)
                guard answer >= 0 else {
                    greed.refusal = answer
                    break
                }
                greed.opened.append(Int32(answer))
            }
            return greed
        }

        private static func wrongReads(_ files: [Int32], _ expected: UInt8) -> [Int64] {
            var byte: UInt8 = 0
            return files.compactMap { file in
                let count = unsafe call_pread(file, &byte, 1, 5000)
                return count == 1 && byte == expected ? nil : count
            }
        }

        @Test(
            "one file opened 3,000 times takes one descriptor, and leaves the others theirs",
            arguments: ["", ",bypass=auto,auto_size=0"])
        func oneFile(options: String) throws {
            var limit = rlimit()
            try #require(unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0)
            limit.rlim_cur = limit.rlim_max
            _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            try #require(limit.rlim_cur > 4000)
            let mount = try LiveMount(options: "allow_other,max_descriptors=256" + options) {
                source in
                for number in 0..<Self.files {
                    try Data([UInt8](repeating: 7, count: 8192)).write(
                        to: URL(fileURLWithPath: "\(source)/file\(number)"))
                }
            }
            let mountpoint = mount.mountpoint
            let greed = try #require(
                OwnThread.value(within: 600) {
                    Self.takeOne("\(mountpoint)/file0", 3000, as: .bob)
                })
            defer { for file in greed.opened { _ = call_close(file) } }
            #expect(greed.refusal == 0)
            #expect(greed.opened.count == 3000)
            #expect(Self.wrongReads(greed.opened, 7).isEmpty)
            // Every user can read the file that another user writes, and the opens of other users
            // find descriptors.
            try #require(unsafe call_chmod("\(mountpoint)/file0", 0o666) == 0)
            let written = Program.shell(
                "printf x | dd of=file0 bs=1 seek=5000 conv=notrunc status=none", in: mountpoint)
            #expect(try written.run(within: 30).code == 0)
            #expect(Self.wrongReads(greed.opened, UInt8(ascii: "x")).isEmpty)
            let other = try #require(
                OwnThread.value(within: 60) { Self.takeAll(mountpoint, as: .alice) })
            #expect(other.opened.count >= 16, "\(other.opened.count)")
            for file in other.opened { _ = call_close(file) }
            // Bob can open more: he has hardly used his share.
            let more = try #require(
                OwnThread.value(within: 60) { Self.takeAll(mountpoint, as: .bob) })
            defer { for file in more.opened { _ = call_close(file) } }
            #expect(more.opened.count >= 16, "\(more.opened.count)")
        }

        @Test("reads that must ask are asked about, however few descriptors there are")
        func gated() throws {
            let mount = try mounted()
            let file = try KernelReader("\(mount.mountpoint)/file0")
            let mountpoint = mount.mountpoint
            let greed = try #require(
                OwnThread.value(within: 60) { Self.takeAll(mountpoint, as: .bob) })
            defer { for file in greed.opened { _ = call_close(file) } }
            _ = try BypassIOClient(FileDescriptor(rawValue: file.descriptor)).manage(.streamPause)
            let path = "\(mount.mountpoint)/file0"
            let readers = (0..<64).map { _ in
                OwnThread.value(within: 60) { () -> Int64 in
                    let answer = unsafe call_open(path, 0, 0)
                    guard answer >= 0 else { return answer }
                    defer { _ = call_close(Int32(answer)) }
                    var bytes = [UInt8](repeating: 0, count: 4096)
                    return unsafe call_pread(Int32(answer), &bytes, 4096, 4096)
                }
            }
            #expect(readers.allSatisfy { $0 == 4096 }, "\(readers)")
            #expect(try file.value(page: 1) == 7)
        }
    }
}
