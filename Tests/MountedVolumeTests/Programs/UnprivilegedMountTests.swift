import CPosixCalls
import Foundation
import LinuxKit
import Testing

extension MountedVolume {
    /// A mount by a user without rights, through fusermount3.
    @Suite(
        .enabled(if: MountCommand.chosen.isOurs, "the stand-in is mounted by root"),
        .enabled(if: Unprivileged.whyNot == nil, "\(Unprivileged.whyNot ?? "")"))
    struct UnprivilegedMount {
        @Test func ownerWorksAndOthersDoNotGetIn() throws {
            let mount = try Unprivileged()
            let outcome = try mount.shell(
                """
                echo text > file; cat file; mkdir -p dir/sub; mv file dir/sub/; ln dir/sub/file hard
                ln -s dir/sub/file link; cat link; cp -a dir copy; chmod 640 hard; stat -c '%a %U' hard
                rm -r copy; truncate -s 1M big; dd if=/dev/zero of=big bs=4k count=10 oflag=direct \
                conv=notrunc status=none; find . | sort; stat -f -c %T .
                """)
            #expect(
                outcome.lines == [
                    "text", "text", "640 nobody", ".", "./big", "./dir", "./dir/sub",
                    "./dir/sub/file", "./hard", "./link", "fuseblk",
                ] || outcome.lines.last == "fuse" && outcome.lines.count == 11, "\(outcome)")
            // Without allow_other only the mount's owner may use it, not even root.
            let mountpoint = mount.mountpoint
            #expect(unsafe call_access("\(mountpoint)/dir", 0) == -Int64(EACCES))
            #expect(FileManager.default.fileExists(atPath: "\(mount.source)/dir/sub/file"))
            let umount = try mount.bypassio("umount", mountpoint)
            #expect(umount.code == 0, "\(umount)")
            #expect(mount.service.wait(within: 15)?.code == 0, "\(mount.service.errorsSoFar)")
            #expect(MountTable.fileSystem(at: mountpoint) == nil)
        }

        @Test func optionsThatAreRootsAloneAreNamed() throws {
            let mount = try Unprivileged(options: ["-o", "trust=5,awake=off,attr_timeout=2"])
            mount.service.signal(SIGTERM)
            let outcome = mount.service.wait(within: 15)
            #expect(
                outcome?.errors.contains("without root trust, awake do nothing.") == true,
                "\(outcome?.description ?? "it serves on")")
        }

        @Test func signalUnmounts() throws {
            let mount = try Unprivileged()
            mount.service.signal(SIGTERM)
            #expect(mount.service.wait(within: 15)?.code == 0, "\(mount.service.errorsSoFar)")
            #expect(MountTable.fileSystem(at: mount.mountpoint) == nil)
        }

        @Test func serviceHasNoRightThatItDoesNotUse() throws {
            let mount = try Unprivileged()
            // The service gives its rights up once it is mounted, and tells of the mount then.
            let end = Date(timeIntervalSinceNow: 20)
            while !mount.service.outputSoFar.contains("is mounted"), Date() < end { usleep(10_000) }
            try mount.expectHardened(by: mount.service.identifier)
            // The unmount is left to a process that can do nothing else.
            mount.service.signal(SIGTERM)
            #expect(mount.service.wait(within: 15)?.code == 0, "\(mount.service.errorsSoFar)")
            #expect(MountTable.fileSystem(at: mount.mountpoint) == nil)
        }

        @Test func successorOfARestartUnmountsToo() throws {
            let mount = try Unprivileged()
            let restart = try mount.bypassio("restart", mount.mountpoint)
            #expect(restart.code == 0, "\(restart)")
            let successor = try #require(
                restart.output.split(separator: " ").compactMap { Int64($0) }.first)
            try mount.expectHardened(by: successor)
            #expect(try mount.shell("echo text > file; cat file").output == "text\n")
            #expect(kill(pid_t(successor), SIGTERM) == 0)
            let end = Date(timeIntervalSinceNow: 20)
            while MountTable.fileSystem(at: mount.mountpoint) != nil, Date() < end {
                usleep(10_000)
            }
            #expect(MountTable.fileSystem(at: mount.mountpoint) == nil)
        }

        @Test func killedServiceIsTakenAwayByItsOwner() throws {
            let mount = try Unprivileged()
            mount.service.signal(SIGKILL)
            _ = mount.service.wait(within: 15)
            let umount = try mount.bypassio("umount", mount.mountpoint)
            #expect(umount.code == 0, "\(umount)")
            #expect(MountTable.fileSystem(at: mount.mountpoint) == nil)
        }

        @Test func othersFilesStayClosed() throws {
            let mount = try Unprivileged {
                try Data("secret".utf8).write(to: URL(fileURLWithPath: "\($0)/secret"))
                try FileManager.default.setAttributes(
                    [.posixPermissions: 0o600], ofItemAtPath: "\($0)/secret")
            }
            let outcome = try mount.shell(
                """
                if cat secret 2>/dev/null; then exit 9; fi
                if chmod 666 secret 2>/dev/null; then exit 8; fi
                echo closed
                """)
            #expect(outcome.output == "closed\n", "\(outcome)")
            mount.service.signal(SIGTERM)
            _ = mount.service.wait(within: 15)
        }
    }
}

/// A directory of the user nobody, mounted by that user.
private final class Unprivileged {
    private static let identity = ["--reuid=65534", "--regid=65534", "--clear-groups"]

    let folder: TestFolder
    let source: String
    let mountpoint: String
    let service: RunningProgram

    /// Why such a mount is impossible here; nil if it is possible.
    static let whyNot: String? = {
        guard let setpriv = Program.find("setpriv"), let bypassio = BuiltPrograms.bypassio,
            let fusermount = Program.find("fusermount3")
        else { return "needs setpriv, fusermount3 and the built command" }
        var status = call_status()
        guard unsafe call_status(-100, fusermount, 0, &status) == 0, status.mode & 0o4000 != 0,
            status.user == 0
        else { return "fusermount3 is not set-user-ID root" }
        guard unsafe call_status(-100, "/dev/fuse", 0, &status) == 0, status.mode & 0o6 == 0o6
        else { return "/dev/fuse is not open to all: fusermount3 opens it as the caller" }
        let version = try? Program(setpriv, identity + [bypassio, "--version"]).run(within: 20)
        return version?.code == 0 ? nil : "nobody cannot run the command where it lies"
    }()

    init(options: [String] = [], _ prepare: (String) throws -> Void = { _ in }) throws {
        folder = try TestFolder()
        source = try folder.makeFolder("source")
        mountpoint = try folder.makeFolder("mount")
        for path in [source, mountpoint] { _ = unsafe call_chown(path, 65534, 65534) }
        try prepare(source)
        guard let setpriv = Program.find("setpriv"), let bypassio = BuiltPrograms.bypassio else {
            throw TestError("no setpriv, or no built command")
        }
        service = try RunningProgram(
            Program(
                setpriv,
                Unprivileged.identity + [bypassio, "mount"] + options + [source, mountpoint]))
        let end = Date(timeIntervalSinceNow: 20)
        while MountTable.fileSystem(at: mountpoint) == nil {
            guard service.isRunning, Date() < end else {
                throw TestError("no mount: \(service.outputSoFar)\(service.errorsSoFar)")
            }
            usleep(10_000)
        }
    }

    deinit {
        service.signal(SIGKILL)
        _ = service.wait(within: 5)
        if MountTable.fileSystem(at: mountpoint) != nil { _ = unsafe call_umount(mountpoint, 2) }
    }

    private func asNobody(_ words: [String], in place: String?) throws -> Program.Outcome {
        guard let setpriv = Program.find("setpriv") else { throw TestError("no setpriv") }
        return try Program(setpriv, Unprivileged.identity + words, in: place).run(within: 30)
    }

    /// No thread of the service has a capability, can gain one, or make calls that it does not use.
    func expectHardened(by process: Int64) throws {
        let folder = "/proc/\(process)/task"
        let tasks = try FileManager.default.contentsOfDirectory(atPath: folder)
        var found = 0
        for task in tasks {
            guard let text = KernelFile.text("/proc/\(process)/task/\(task)/status") else {
                continue
            }
            found += 1
            for line in ["CapEff:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"] {
                #expect(text.contains(line), "\(task) has not \(line)")
            }
        }
        #expect(found > 1)
    }

    /// Runs lines of the shell as nobody in the mount.
    func shell(_ lines: String) throws -> Program.Outcome {
        // Root cannot enter the mount to start there.
        let outcome = try asNobody(["/bin/sh", "-euc", "cd \(mountpoint)\n\(lines)"], in: "/")
        #expect(outcome.code == 0, "\(outcome)")
        return outcome
    }

    func bypassio(_ words: String...) throws -> Program.Outcome {
        guard let bypassio = BuiltPrograms.bypassio else { throw TestError("no built command") }
        return try asNobody([bypassio] + words, in: "/")
    }
}
