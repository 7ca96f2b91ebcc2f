import CPosixCalls
import Foundation
import Testing

extension MountedVolume {
    /// Files that the kernel knows have a limit: beyond it, it forgets the oldest.
    @Suite(
        .enabled(if: MountCommand.chosen.isOurs, "the service is ours"),
        .enabled(if: geteuid() == 0, "a mount for all users"))
    struct NodeLimits {
        private static let count = 6000

        /// Whether this kernel has FUSE_NOTIFY_PRUNE.
        private static let canPrune: Bool = {
            let release = (try? Program("/bin/uname", ["-r"]).run(within: 10))?.output ?? ""
            let numbers = release.split(separator: ".").prefix(2).compactMap { Int($0) }
            return numbers.count == 2 && (numbers[0], numbers[1]) >= (6, 18)
        }()

        private func known(_ mount: LiveMount) throws -> Int {
            try #require(try mount.facts("filters")["knownInodes"] as? Int)
        }

        @Test(
            "names without end leave no more than the limit and what is in use, and all is served",
            .enabled(if: canPrune, "needs Linux 6.18: FUSE_NOTIFY_PRUNE"))
        func limit() throws {
            let mount = try LiveMount(options: "allow_other,known_files=1024") { source in
                for number in 0..<Self.count {
                    let file = unsafe call_open("\(source)/\(number)", 0o101, 0o644)
                    _ = call_close(Int32(file))
                }
            }
            // In use: they stay, and are what they were.
            let open = try (0..<50).map { try RawFile("\(mount.mountpoint)/\($0)") }
            let inodes = try open.map { try $0.status().inode }
            for number in 0..<Self.count {
                #expect(unsafe call_access("\(mount.mountpoint)/\(number)", 0) == 0)
            }
            var left = try known(mount)
            for _ in 0..<600 where left > 1024 + 50 {
                usleep(50_000)
                // A further file has it looked at again.
                _ = unsafe call_access("\(mount.mountpoint)/\(left % Self.count)", 0)
                left = try known(mount)
            }
            #expect(left <= 1024 + 50)
            for (number, file) in open.enumerated() {
                #expect(try file.status().inode == inodes[number])
                #expect(
                    try RawFile.status(of: "\(mount.mountpoint)/\(number)").inode
                        == inodes[number])
            }
            for number in 0..<Self.count {
                #expect(unsafe call_access("\(mount.mountpoint)/\(number)", 0) == 0)
            }
        }
    }
}
