import CPosixCalls
import Foundation
import Testing

extension MountedVolume {
    /// SOURCE judges the caller, not the service, which is root.
    @Suite(.enabled(if: Caller.whyNot == nil, "\(Caller.whyNot ?? "")"))
    struct CallerIdentity {
        @Test func usersMakeFilesOnAnIdmappedSource() throws {
            let disk = try TestFolder()
            _ = unsafe call_chmod(disk.path, 0o1777)
            // User 7 of the disk appears as 60007; root has no place in the mapping and does not
            // appear.
            let mount = try LiveMount { source in
                let answer = Answer(
                    unsafe call_mount_idmapped(disk.path, source, 0, 60000, 1000))
                guard !answer.isError else { throw TestError("idmapped mount: \(answer)") }
            }
            defer { _ = unsafe call_umount(mount.source, 2) }
            let outcome = try Caller(user: 60007).shell(
                """
                mkdir dir; ln -s target link; mkfifo pipe; echo text > file; ln file hard
                mv file dir/moved; mkdir -m 2755 group; touch group/inner
                stat -c '%n %u:%g' dir link pipe hard group/inner
                """, in: mount.mountpoint)
            #expect(
                outcome.lines == [
                    "dir 60007:60007", "link 60007:60007", "pipe 60007:60007",
                    "hard 60007:60007", "group/inner 60007:60007",
                ], "\(outcome)")
            let onDisk = try Program("/usr/bin/stat", ["-c", "%u:%g", "\(disk.path)/dir"])
                .run(within: 20)
            #expect(onDisk.output == "7:7\n")
            // The same as on SOURCE itself.
            #expect(unsafe call_mkdir("\(mount.mountpoint)/root", 0o755) == -Int64(EOVERFLOW))
            #expect(unsafe call_mkdir("\(mount.source)/root", 0o755) == -Int64(EOVERFLOW))
            mount.stop()
        }

        @Test func usersLeaveRootsReserveAlone() throws {
            let disk = try TestFolder()
            let mount = try LiveMount { source in
                let make = try Program.shell(
                    """
                    set -e; truncate -s 32M image; mkfs.ext4 -q -m 50 image
                    mount -o loop image \(source); chmod 1777 \(source)
                    """, in: disk.path
                ).run(within: 60)
                guard make.code == 0 else { throw TestError("no ext4: \(make)") }
            }
            defer { _ = unsafe call_umount(mount.source, 2) }
            let outcome = try Caller(user: 51001).shell(
                """
                fill() { dd if=/dev/zero of=$1 bs=64k count=512 $2 2>&1 | grep -c 'No space'; }
                fill cached; fill direct oflag=direct; stat -c '%u:%g' cached direct
                fallocate -l 4M reserved 2>/dev/null || echo none
                truncate -s 1M hole; dd if=/dev/zero of=hole bs=64k count=16 conv=notrunc \
                2>/dev/null || echo none
                mkdir dir 2>/dev/null || echo none
                """, in: mount.mountpoint)
            #expect(
                outcome.lines == [
                    "1", "1", "51001:51001", "51001:51001", "none", "none", "none",
                ], "\(outcome)")
            let root = try Program.shell(
                "dd if=/dev/zero of=mine bs=64k count=64 && mkdir dir && stat -c %s mine",
                in: mount.mountpoint
            ).run(within: 60)
            #expect(root.lines.last == "4194304", "\(root)")
            mount.stop()
        }

        /// The service knows only the first of a user's groups; the kernel judged by all of them.
        @Test func supplementaryGroupsStillCount() throws {
            let mount = try LiveMount { source in
                _ = unsafe call_chown(source, 0, 52000)
                _ = unsafe call_chmod(source, 0o770)
            }
            let outcome = try Caller(user: 51001, groups: "52000").shell(
                """
                mkdir dir; echo text > file; ln file hard; mv hard dir/; ln -s x link; mkfifo pipe
                chgrp 52000 file; chmod 2770 dir; touch dir/inner; setfattr -n user.a -v b file
                stat -c '%n %u:%g' dir file link pipe dir/inner
                """, in: mount.mountpoint)
            #expect(
                outcome.lines == [
                    "dir 51001:51001", "file 51001:52000", "link 51001:51001", "pipe 51001:51001",
                    "dir/inner 51001:51001",
                ], "\(outcome)")
        }
    }
}

/// A user other than root.
private struct Caller {
    let user: Int
    var groups: String?

    static let whyNot: String? =
        ["setpriv", "setfattr", "mkfs.ext4"].first { Program.find($0) == nil }.map { "needs \($0)" }

    func shell(_ lines: String, in place: String) throws -> Program.Outcome {
        guard let setpriv = Program.find("setpriv") else { throw TestError("no setpriv") }
        let outcome = try Program(
            setpriv,
            [
                "--reuid=\(user)", "--regid=\(user)",
                groups.map { "--groups=\($0)" } ?? "--clear-groups", "/bin/sh", "-c", lines,
            ], in: place
        ).run(within: 60)
        return outcome
    }
}
