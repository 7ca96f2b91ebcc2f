import CPosixCalls
import Foundation
import Testing

extension MountedVolume {
    /// Unmounting ends, whatever the service does.
    @Suite(.enabled(if: MountCommand.chosen.isOurs, "bypassio umount is ours"))
    struct Unmounting {
        private func bypassio(_ arguments: String...) throws -> Program.Outcome {
            try Program(try #require(BuiltPrograms.bypassio), arguments).run(within: 30)
        }

        /// A program that waits for the stopped service and prints the answer in the end.
        private func waitingProgram(_ mount: LiveMount) throws -> RunningProgram {
            let program = try RunningProgram(
                Program.shell("stat '\(mount.mountpoint)/absent'; echo ended", in: "/"))
            usleep(200_000)
            #expect(program.isRunning, "nobody serves, and yet it ended")
            return program
        }

        @Test("a stopped service: --lazy takes the mount away, and asks nobody")
        func lazily() throws {
            let mount = try LiveMount()
            mount.signalService(SIGSTOP)
            defer { mount.signalService(SIGCONT) }
            let outcome = try bypassio("umount", "--lazy", mount.mountpoint)
            #expect(outcome.code == 0, "\(outcome)")
            #expect(MountTable.fileSystem(at: mount.mountpoint) == nil)
        }

        @Test("a stopped service: an unmount of what nobody uses ends, one of what is used says so")
        func plainly() throws {
            let mount = try LiveMount()
            let file = unsafe call_open("\(mount.mountpoint)/file", 0o102, 0o644)
            mount.signalService(SIGSTOP)
            defer { mount.signalService(SIGCONT) }
            let busy = try bypassio("umount", mount.mountpoint)
            #expect(busy.code == 75, "\(busy)")
            #expect(MountTable.fileSystem(at: mount.mountpoint) != nil)
            let forced = try bypassio("umount", "--force", mount.mountpoint)
            #expect(forced.code == 0, "\(forced)")
            _ = call_close(Int32(file))
            let other = try LiveMount()
            other.signalService(SIGSTOP)
            defer { other.signalService(SIGCONT) }
            let outcome = try bypassio("umount", other.mountpoint)
            #expect(outcome.code == 0, "\(outcome)")
        }

        @Test(
            "a stopped service: --force ends who waits, and says so")
        func forcibly() throws {
            let mount = try LiveMount()
            let file = unsafe call_open("\(mount.mountpoint)/file", 0o102, 0o644)
            mount.signalService(SIGSTOP)
            defer { mount.signalService(SIGCONT) }
            let waiting = try waitingProgram(mount)
            let outcome = try bypassio("umount", "--force", mount.mountpoint)
            #expect(outcome.code == 0 && outcome.output.contains("ECONNABORTED"), "\(outcome)")
            let ended = try #require(waiting.wait(within: 10), "it waits on")
            #expect(ended.errors.contains("Software caused connection abort"), "\(ended)")
            _ = call_close(Int32(file))
            #expect(MountTable.fileSystem(at: mount.mountpoint) == nil)
        }

        @Test(
            "a stopped service: filters and state end with an error, and so does a mount at the same place"
        )
        func questions() throws {
            let mount = try LiveMount()
            mount.signalService(SIGSTOP)
            defer { mount.signalService(SIGCONT) }
            let filters = try bypassio("filters", mount.mountpoint)
            #expect(filters.code == 75 && filters.output.isEmpty, "\(filters)")
            #expect(filters.errors.contains("did not answer within 5 seconds"), "\(filters)")
            let state = try bypassio("state", mount.mountpoint)
            #expect(state.code == 75 && state.output.isEmpty, "\(state)")
            #expect(state.errors.contains("did not answer within 5 seconds"), "\(state)")
            let again = try bypassio("mount", mount.source, mount.mountpoint)
            #expect(again.code == 73, "\(again)")
        }

        @Test("a killed service: filters and state say how to go on")
        func killed() throws {
            let mount = try LiveMount {
                try Data([1]).write(to: URL(fileURLWithPath: "\($0)/file"))
            }
            mount.killService()
            for words in [["filters", mount.mountpoint], ["state", "\(mount.mountpoint)/file"]] {
                let outcome = try Program(try #require(BuiltPrograms.bypassio), words).run(
                    within: 30)
                #expect(outcome.code == 66, "\(outcome)")
                let advice =
                    "unmount it with bypassio umount \(mount.mountpoint), then mount it again"
                #expect(outcome.errors.contains(advice), "\(outcome)")
            }
            #expect(try bypassio("umount", mount.mountpoint).code == 0)
        }

        @Test("paths from where the command began are told from the root")
        func relative() throws {
            let folder = try TestFolder()
            _ = try folder.makeFolder("source")
            let mountpoint = try folder.makeFolder("mount")
            let command = try #require(BuiltPrograms.bypassio)
            let outcome = try Program.shell(
                """
                '\(command)' mount --background --log log ./source mount || exit 9
                grep -c -F " $PWD/mount " /proc/self/mountinfo
                grep -c -F " $PWD/source " /proc/self/mountinfo
                '\(command)' umount mount; grep -c "mount $PWD/source at $PWD/mount" log
                """, in: folder.path
            ).run(within: 60)
            #expect(outcome.lines.suffix(3) == ["1", "1", "1"], "\(outcome)")
            #expect(MountTable.fileSystem(at: mountpoint) == nil)
        }

        @Test(
            "a second SIGTERM ends a service whose requests hang in its source")
        func secondSignal() throws {
            let inner = try LiveMount()
            let outer = try LiveMount(options: "allow_other,trust=0")
            let inside = try outer.folder.makeFolder("source/inner")
            #expect(unsafe call_mount_bind(inner.mountpoint, inside) == 0)
            defer { _ = unsafe call_umount(inside, 2) }
            inner.signalService(SIGSTOP)
            defer { inner.signalService(SIGCONT) }
            let waiting = try (0..<4).map { _ in
                try RunningProgram(
                    Program.shell("ls \(outer.mountpoint)/inner; echo ended", in: "/"))
            }
            usleep(500_000)
            outer.signalService(SIGTERM)
            usleep(300_000)
            outer.signalService(SIGTERM)
            let outcome = try #require(outer.waitForService(within: 15), "it goes on")
            #expect(outcome.code == 0, "\(outcome)")
            #expect(MountTable.fileSystem(at: outer.mountpoint) == nil)
            for program in waiting { #expect(program.wait(within: 10) != nil) }
        }
    }
}
