import CPosixCalls
import Foundation
import Testing

extension MountedVolume {
    /// Changes that the kernel does not see: those of requests that fail, and those whose effect it
    /// does not know.
    @Suite(.enabled(if: MountCommand.chosen.isOurs, "what our service tells the kernel"))
    struct FailedChanges {
        private static let options = "allow_other,dev,suid,attr_timeout=100,trust=0"

        @Test(.enabled(if: ProgramBench.has("mkfs.ext4"), "needs mkfs.ext4"))
        func whatAFailedAllocationLeftIsSeenAtOnce() throws {
            let mount = try LiveMount(options: Self.options)
            let inner = try InnerMount(
                at: "\(mount.source)/small", image: mount.folder.path("image"), megabytes: 8,
                madeBy: ["mkfs.ext4", "-q"])
            let file = try RawFile(
                "\(mount.mountpoint)/small/f", RawFile.readWrite | RawFile.create)
            #expect(try file.status().size == 0)
            #expect(call_fallocate(file.descriptor, 0, 0, 64 << 20) == -Int64(ENOSPC))
            let behind = try RawFile.status(of: "\(inner.path)/f")
            let seen = try file.status()
            #expect(seen.size == behind.size && seen.blocks == behind.blocks)
            #expect(behind.blocks > 0, "the failed call left something to see")
        }

        @Test func userWhoAllocatesLosesSetIDBits() throws {
            let mount = try LiveMount(options: Self.options)
            let path = "\(mount.mountpoint)/f"
            for (bits, left) in [("u+x,a+rws,g-x", "766"), ("a+rws", "666"), ("a+rwxs", "777")] {
                let outcome = try Program.shell(
                    """
                    rm -f \(path); head -c 9000 /dev/zero > \(path); chmod \(bits) \(path)
                    stat -c %a \(path) > /dev/null
                    setpriv --reuid 65534 --regid 65534 --clear-groups \
                      fallocate -l 100000 \(path) && stat -c %a \(path)
                    """
                ).run(within: 20)
                #expect(outcome.lines == [left], "\(bits): \(outcome)")
            }
        }

        @Test(.enabled(if: ProgramBench.has("chattr"), "needs chattr"))
        func flagsMoveTheChangeTime() throws {
            let mount = try LiveMount(options: Self.options)
            let path = "\(mount.mountpoint)/f"
            _ = try RawFile(path, RawFile.readWrite | RawFile.create)
            let before = try RawFile.status(of: path).changed
            usleep(20_000)
            let outcome = try Program.shell("chattr +A \(path)").run(within: 20)
            #expect(outcome.code == 0, "\(outcome)")
            let after = try RawFile.status(of: path).changed
            #expect((after.seconds, after.nanoseconds) > (before.seconds, before.nanoseconds))
        }

        @Test(.enabled(if: ProgramBench.has("setcap", "getcap"), "needs setcap"))
        func rootWhoWritesTakesTheCapabilityAlone() throws {
            let mount = try LiveMount(options: Self.options)
            let path = "\(mount.mountpoint)/f"
            let outcome = try Program.shell(
                """
                echo text > \(path); chmod 6755 \(path); setcap cap_net_raw+ep \(path)
                echo more >> \(path); stat -c %a \(path); getcap \(path)
                chown 0 \(path); stat -c %a \(path)
                """
            ).run(within: 20)
            #expect(outcome.lines == ["6755", "755"], "\(outcome)")
        }
    }
}
