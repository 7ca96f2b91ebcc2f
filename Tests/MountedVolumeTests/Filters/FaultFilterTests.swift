import BypassIOClient
import BypassIOProtocol
import CPosixCalls
import Foundation
import SystemPackage
import Testing

extension MountedVolume {
    /// Faults by rules, on a real mount and by the command.
    @Suite(.enabled(if: MountCommand.chosen.isOurs, "the filter is ours"))
    struct Faults {
        private static func bypassio(_ words: String...) throws -> Program.Outcome {
            try Program(try #require(BuiltPrograms.bypassio), words).run(within: 60)
        }

        private static func mounted(_ filters: String...) throws -> LiveMount {
            try LiveMount(options: "allow_other", filters: filters) { source in
                for name in ["data.db", "other", "short"] {
                    try Data(repeating: 7, count: 65536)
                        .write(to: URL(fileURLWithPath: "\(source)/\(name)"))
                }
            }
        }

        private static func set(_ setting: String, _ mount: LiveMount) throws {
            let outcome = try bypassio("set", "fault", setting, mount.mountpoint)
            #expect(outcome.code == 0, "\(outcome)")
        }

        private static func instances(_ mount: LiveMount) throws -> [InstanceReport] {
            let answer = try bypassio("instances", "--json", mount.mountpoint)
            return try JSONDecoder().decode(
                [InstanceReport].self, from: Data(answer.output.utf8))
        }

        /// Until the rule holds so many requests.
        private static func awaitHeld(_ count: Int, _ mount: LiveMount) throws {
            while true {
                let held = try instances(mount).flatMap(\.settings.values).contains {
                    $0.hasSuffix("holds \(count))")
                }
                if held { return }
                usleep(10_000)
            }
        }

        /// Reads a page past the kernel's cache.
        private static func reader(_ name: String, _ mount: LiveMount) throws -> RunningProgram {
            try RunningProgram(
                Program.shell(
                    "exec dd if='\(mount.mountpoint)/\(name)' iflag=direct bs=4096 count=1 "
                        + "of=/dev/null"))
        }

        /// Opens a file, as a program that a signal can end.
        private static func opener(_ name: String, _ mount: LiveMount) throws -> RunningProgram {
            try RunningProgram(
                Program("/bin/cat", ["\(mount.mountpoint)/\(name)"]))
        }

        @Test("programs get what the rules say, from the mount on and while it is there")
        func effects() throws {
            let mount = try Self.mounted(
                "fault,seed=3,rule=*.db;write;errno=ENOSPC,rule=*.db;sync;errno=EIO;count=1")
            let path = "\(mount.mountpoint)/data.db"
            let file = try KernelReader(path, .directWriter)
            let full = #expect(throws: TestError.self) { try file.write(1) }
            #expect(full?.description == "write: -28")
            let plain = try KernelReader("\(mount.mountpoint)/other", .directWriter)
            try plain.write(7)
            #expect(call_fsync(file.descriptor) == -5)
            #expect(call_fsync(file.descriptor) == 0, "it hits once")
            try Self.set("rule=*.db;read;range=4096-8191;errno=EDQUOT;name=page", mount)
            #expect(try file.value() == 7)
            #expect(file.readAnswer(page: 1) == -122)
            // The kernel takes a short read for the file's end, so nothing else reads this one.
            try Self.set("rule=short;short=512", mount)
            let short = try KernelReader("\(mount.mountpoint)/short", .directReader)
            #expect(short.readAnswer() == 512)
            try Self.set("rule=*.db;flip;count=1", mount)
            let torn = #expect(throws: TestError.self) { try file.value() }
            #expect(torn?.description == "a torn page")
            try Self.set("rule=data.db;open;errno=EACCES", mount)
            #expect(unsafe call_open(path, 0, 0) == -13)
            try Self.set("remove=all", mount)
            #expect(try file.value(page: 1) == 7)
            try file.write(7)
            #expect(call_close(Int32(unsafe call_open(path, 0, 0))) == 0)
            let source = try Data(contentsOf: URL(fileURLWithPath: "\(mount.source)/data.db"))
            #expect(source == Data(repeating: 7, count: 65536), "nothing of it reached the source")
        }

        @Test("a file that a rule may hit does not bypass, and the commands name the rule")
        func veto() throws {
            let mount = try Self.mounted()
            let path = "\(mount.mountpoint)/data.db"
            let reader = try KernelReader(path, .directReader)
            let client = BypassIOClient(FileDescriptor(rawValue: reader.descriptor))
            #expect(try client.manage(.enable).results?.status == .success)
            let attach = try Self.bypassio(
                "attach", "fault,rule=*.db;read;range=4096-8191;errno=EIO;count=2;name=early",
                mount.mountpoint)
            #expect(attach.code == 0, "\(attach)")
            let why = try Self.bypassio("why", path)
            #expect(why.code == 1 && why.output.contains("The filter fault"), "\(why)")
            #expect(why.output.contains("The rule early may hit its reads: *.db;read"), "\(why)")
            #expect(try Self.bypassio("state", "\(mount.mountpoint)/other").code != 1)
            #expect(reader.readAnswer(page: 1) == -5 && reader.readAnswer() == 4096)
            #expect(reader.readAnswer(page: 1) == -5)
            let rule = try Self.instances(mount)[0].settings["rule early"]
            #expect(rule?.hasSuffix("(hit 2 times)") == true, "\(rule ?? "")")
            // It is spent, and bypass is back by itself.
            let before = try Self.instances(mount)[0].preCallbacks
            #expect(try reader.value(page: 1) == 7)
            #expect(try Self.instances(mount)[0].preCallbacks == before)
            #expect(try client.manage(.query).results?.status == .success)
        }

        @Test("what hangs hinders nobody, and ends by a signal, a release, or the unmount")
        func hang() throws {
            // More than the threads of a mount, beside those that wait.
            let mount = try Self.mounted("fault,rule=*.db;open;hang;name=stuck")
            let openers = try (0..<24).map { _ in try Self.opener("data.db", mount) }
            try Self.awaitHeld(24, mount)
            let other = try Self.reader("other", mount)
            #expect(other.wait(within: 60)?.code == 0, "others are served meanwhile")
            #expect(openers.allSatisfy { $0.isRunning })
            for (opener, signal) in zip(openers, [SIGKILL, SIGTERM]) {
                opener.signal(signal)
                #expect(opener.wait(within: 60)?.code == -signal)
            }
            try Self.awaitHeld(22, mount)
            try Self.set("release=stuck", mount)
            for opener in openers.dropFirst(2) {
                #expect(opener.wait(within: 60)?.code == 0)
            }
            // Reads with O_DIRECT cannot be interrupted: their programs wait in the kernel.
            try Self.set("rule=*.db;read;hang;name=stuck", mount)
            let last = try Self.reader("data.db", mount)
            try Self.awaitHeld(1, mount)
            let umount = try Self.bypassio("umount", "--force", mount.mountpoint)
            #expect(umount.code == 0, "\(umount)")
            #expect(mount.waitForService(within: 60)?.code == 0, "\(mount.serviceMessages)")
            #expect(try #require(last.wait(within: 60)).code != 0)
        }

        @Test("two signals end the service, whatever hangs, also for a stubborn rule")
        func ended() throws {
            let mount = try Self.mounted("fault,rule=*.db;read;hang=stubborn")
            let reader = try Self.reader("data.db", mount)
            try Self.awaitHeld(1, mount)
            mount.signalService(SIGTERM)
            while MountTable.fileSystem(at: mount.mountpoint) != nil { usleep(10_000) }
            mount.signalService(SIGTERM)
            #expect(mount.waitForService(within: 60)?.code == 0, "\(mount.serviceMessages)")
            #expect(try #require(reader.wait(within: 60)).code != 0)
        }

        @Test("a detach of a filter that does not let go is bounded and told; force does not wait")
        func stubborn() throws {
            let mount = try Self.mounted("fault,rule=*.db;read;hang=stubborn;name=stuck")
            let place = mount.mountpoint
            let reader = try Self.reader("data.db", mount)
            try Self.awaitHeld(1, mount)
            #expect(try Self.bypassio("state", "\(place)/data.db").code == 1)
            let waits = try Self.bypassio("detach", "fault", place)
            #expect(waits.code == 75 && waits.errors.contains("fault"), "\(waits)")
            #expect(waits.errors.contains("--force"), "\(waits)")
            #expect(try Self.instances(mount).map(\.status) == ["Detaching"])
            let again = try Self.bypassio("detach", "fault", place)
            #expect(again.code == 1, "\(again)")
            #expect(
                again.errors.contains(
                    "is being detached, and has 1 request that it does not let go")
            )
            #expect(reader.isRunning)
            let forced = try Self.bypassio("detach", "--force", "fault", place)
            #expect(forced.code == 0, "\(forced)")
            #expect(forced.output.contains("1 request is still within it"), "\(forced)")
            #expect(try Self.bypassio("state", "\(place)/data.db").code != 1)
            #expect(reader.isRunning)
            try Self.set("release=all", mount)
            #expect(reader.wait(within: 60)?.code == 0)
            while try !Self.instances(mount).isEmpty { usleep(10_000) }
        }

        @Test("a delay delays, and a program that is interrupted waits no longer")
        func delay() throws {
            let mount = try Self.mounted(
                "fault,rule=other;read;delay=300ms,rule=*.db;open;delay=3600s")
            let start = ContinuousClock.now
            #expect(try Self.reader("other", mount).wait(within: 60)?.code == 0)
            #expect(ContinuousClock.now - start >= .milliseconds(300))
            let opener = try Self.opener("data.db", mount)
            try Self.awaitHeld(1, mount)
            opener.signal(SIGTERM)
            #expect(opener.wait(within: 60)?.code == -15)
        }

        @Test("what is no rule, and no setting at that time, says why, and nothing changes")
        func wrong() throws {
            let mount = try Self.mounted("fault,rule=*.db;sync;errno=EIO;name=kept")
            let cases: [(String, Int32, String)] = [
                ("rule=*.db", 64, "it does nothing"), ("rule=*.db;errno=E", 64, "there are EPERM"),
                ("remove=nosuch", 64, "there are kept"), ("release=nosuch", 64, "there are kept"),
                ("seed=5", 1, "holds from the load on"), ("nosuch=1", 64, "no setting nosuch"),
            ]
            for (setting, code, words) in cases {
                let outcome = try Self.bypassio("set", "fault", setting, mount.mountpoint)
                #expect(outcome.code == code && outcome.errors.contains(words), "\(outcome)")
            }
            #expect(
                try Self.instances(mount)[0].settings.keys.sorted() == ["rule kept", "seed"])
            let place = try mount.folder.makeFolder("place")
            let mounts: [(String, String)] = [
                ("fault,rule=*.db;sync", "it does nothing"),
                ("fault,rule=a;hang;name=x,rule=b;hang;name=x", "called x"),
                ("fault,release=all", "bypassio set fault release=all"), ("fault,seed=-1", "0 or"),
            ]
            for (filter, words) in mounts {
                let outcome = try Self.bypassio("mount", "--filter", filter, mount.source, place)
                #expect(outcome.code == 64 && outcome.errors.contains(words), "\(outcome)")
            }
            let twice = try Self.bypassio(
                "attach", "fault=48000,rule=a;hang,rule=b;hang", mount.mountpoint)
            #expect(twice.code == 64 && twice.errors.contains("rule is named twice"), "\(twice)")
        }
    }
}
