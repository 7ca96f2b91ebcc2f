import CPosixCalls
import Foundation
import Testing

extension MountedVolume {
    /// The command `bypassio undo`, about sessions of a real mount.
    @Suite(.enabled(if: MountCommand.chosen.isOurs, "the filter is ours"))
    struct Undo {
        /// A tree, changed by a session that has ended.
        private func changed(_ script: String, _ settings: String = "") throws -> UndoStage {
            let stage = try UndoStage()
            try stage.shell(
                "mkdir -p dir/sub; echo one > a; echo two > b; echo in > dir/in; "
                    + "echo deep > dir/sub/deep; ln a dir/link; chmod 640 b", mounted: false)
            try stage.mount(settings)
            try stage.shell(script)
            stage.unmount()
            return stage
        }

        /// Files that the only session holds.
        private func held(_ stage: UndoStage) throws -> [String] {
            let session = try #require(stage.sessions.first)
            return try FileManager.default.contentsOfDirectory(
                atPath: "\(stage.store)/\(session)/held")
        }

        private func text(_ stage: UndoStage, _ name: String) -> String? {
            try? String(contentsOfFile: "\(stage.source)/\(name)", encoding: .utf8)
        }

        @Test("list, status and diff tell what is other, in words and as JSON")
        func told() throws {
            let stage = try changed(
                "echo 1 > a; mv b c; chmod 600 c; rm -r dir/sub; printf 'x\\0y' > bin; "
                    + "mkdir new; echo n > new/n")
            let list = try stage.undo("list")
            #expect(list.lines.count == 1 && list.output.contains(" ended  \(stage.source): "))
            let status = try stage.undo("status")
            #expect(
                status.lines == [
                    "changed a (4 → 2 bytes)", "created bin",
                    "renamed b → c (mode 640 → 600)", "removed dir/sub/",
                    "removed dir/sub/deep", "created new/",
                ], "\(status)")
            let diff = try stage.undo("diff")
            for line in [
                "--- a/a", "+++ b/a", "-one", "+1", "  no text: 0 → 3 bytes", "+++ /dev/null",
                "-deep", "--- /dev/null", "+++ b/new/n", "+n",
            ] { #expect(diff.lines.contains(line), "\(line): \(diff)") }
            let one = try stage.undo("diff", "--json", "c")
            #expect(one.output.contains("\"oldPath\" : \"b\""), "\(one)")
            #expect(!one.output.contains("dir"), "\(one)")
        }

        @Test("a new file at the name of an old one is told, as of programs that save by a rename")
        func replaced() throws {
            let stage = try changed(
                "echo longer > t; chmod 640 t; mv t b; mv dir/in dir/old; echo new > dir/in; "
                    + "rm a; mkdir a; rm dir/sub/deep; ln -s x dir/sub/deep; "
                    + "rm dir/link; echo own > dir/link")
            let status = try stage.undo("status")
            #expect(
                status.lines == [
                    "replaced a/ (of another kind)", "replaced b (4 → 7 bytes)",
                    "created dir/in", "replaced dir/link (4 → 4 bytes)", "renamed dir/in → dir/old",
                    "replaced dir/sub/deep (of another kind)",
                ], "\(status)")
            let diff = try stage.undo("diff", "b", "dir/in")
            for line in ["--- a/b", "+++ b/b", "-two", "+longer", "+++ b/dir/in", "+new"] {
                #expect(diff.lines.contains(line), "\(line): \(diff)")
            }
            #expect(try stage.undo("revert", "--all").code == 0)
            #expect(text(stage, "b") == "two\n" && text(stage, "dir/in") == "in\n")
            #expect(text(stage, "a") == "one\n" && text(stage, "dir/link") == "one\n")
            #expect(text(stage, "dir/sub/deep") == "deep\n")
        }

        @Test("a file that lost all its names is told at each, and a name that another file got")
        func names() throws {
            let stage = try changed("mv dir/link z; rm a; ln -f dir/in b")
            let status = try stage.undo("status")
            #expect(
                status.lines == [
                    "removed a", "replaced b (4 → 3 bytes, mode 640 → 644)",
                    "renamed dir/link → z",
                ], "\(status)")
            let diff = try stage.undo("diff", "b")
            #expect(diff.lines.contains("-two") && diff.lines.contains("+in"), "\(diff)")
            #expect(try stage.undo("revert", "--all").code == 0)
            #expect(text(stage, "a") == "one\n" && text(stage, "dir/link") == "one\n")
            #expect(text(stage, "b") == "two\n" && text(stage, "dir/in") == "in\n")
        }

        @Test("one path is taken back, by its name now or before, and the rest stays")
        func partly() throws {
            let stage = try changed("echo 1 > a; mv b c; rm -r dir/sub; echo x > new")
            #expect(try stage.undo("revert", "dir/sub/deep").code == 0)
            #expect(text(stage, "dir/sub/deep") == "deep\n")
            #expect(try stage.undo("revert", "c").code == 0)
            #expect(text(stage, "b") == "two\n" && text(stage, "c") == nil)
            #expect(text(stage, "a") == "1\n" && text(stage, "new") == "x\n")
            #expect(try stage.undo("revert", "b").code == 66)
            #expect(try stage.undo("revert", "--all").code == 0)
            #expect(text(stage, "dir/link") == "one\n" && text(stage, "new") == nil)
            #expect(stage.sessions == [])
        }

        @Test("a file whose directory was renamed comes back where that is now")
        func parent() throws {
            let stage = try changed("mv dir moved; rm moved/in; echo 1 > moved/sub/deep")
            #expect(try stage.undo("revert", "dir/in").code == 0)
            #expect(text(stage, "moved/in") == "in\n" && text(stage, "moved/sub/deep") == "1\n")
            #expect(try stage.undo("revert", "dir").code == 0)
            #expect(text(stage, "dir/in") == "in\n" && text(stage, "dir/sub/deep") == "deep\n")
        }

        @Test("a path is kept: it stays when the rest is taken back")
        func kept() throws {
            let stage = try changed("echo 1 > a; mv b c; echo x > new; rm dir/in")
            #expect(try stage.undo("keep", "a", "c").code == 0)
            #expect(try stage.undo("keep", "nothing").code == 66)
            #expect(try stage.undo("revert", "--all").code == 0)
            #expect(text(stage, "a") == "1\n" && text(stage, "c") == "two\n")
            #expect(text(stage, "new") == nil && text(stage, "dir/in") == "in\n")
            let other = try changed("echo 1 > a")
            #expect(try other.undo("keep", "--all").code == 0)
            #expect(other.sessions == [] && text(other, "a") == "1\n")
        }

        @Test("what others changed since is told, and overwritten only by force, with a copy")
        func conflicts() throws {
            let stage = try changed("echo 1 > a; echo x > new; rm b; echo y > fresh")
            usleep(20_000)
            try stage.shell(
                "echo mine >> a; echo mine > b; echo mine >> new; mv fresh gone", mounted: false)
            let refused = try stage.undo("revert", "--all")
            #expect(refused.code == 1, "\(refused)")
            for name in ["a was changed", "b is another file", "new was changed"] {
                #expect(refused.errors.contains("conflict: \(name)"), "\(refused)")
            }
            #expect(text(stage, "a") == "1\nmine\n" && text(stage, "b") == "mine\n")
            #expect(try stage.undo("revert", "--all", "--force").code == 0)
            #expect(text(stage, "a") == "one\n" && text(stage, "b") == "two\n")
            #expect(text(stage, "a.before-undo") == "1\nmine\n")
            #expect(text(stage, "b.before-undo") == "mine\n")
            #expect(text(stage, "new.before-undo") == "x\nmine\n" && text(stage, "new") == nil)
            #expect(text(stage, "gone") == "y\n", "a file that somebody else has named")
        }

        @Test("while the mount is there, it shows what was taken back")
        func live() throws {
            let stage = try UndoStage()
            try stage.shell("echo one > a; mkdir d; echo x > d/x", mounted: false)
            try stage.mount()
            try stage.shell("echo 1 > a; rm -r d; echo n > n; cat a n")
            #expect(try stage.undo("list").output.contains(" at work "))
            #expect(try stage.undo("revert", "--all").code == 0)
            var seen = ""
            for _ in 0..<100 where seen != "one\nx\n" {
                usleep(50_000)
                seen = try Program.shell("cat a d/x; test ! -e n", in: stage.mountpoint)
                    .run(within: 20).output
            }
            #expect(seen == "one\nx\n")
            // The session goes on, and so does what it keeps.
            try stage.shell("echo 2 > a; rm d/x; rmdir d; echo m > d")
            stage.unmount()
            let last = try stage.undo("revert", "--all")
            #expect(last.code == 0, "\(last)")
            #expect(text(stage, "a") == "one\n" && text(stage, "d/x") == "x\n")
        }

        @Test("a spent budget refuses changes, says so, and keeps what it has")
        func budget() throws {
            let stage = try UndoStage()
            try stage.shell(
                "head -c 300000 /dev/zero | tr '\\0' x > big; cp big two", mounted: false)
            let before = try UndoSnapshot(of: stage.source)
            try stage.mount(",space=100K")
            let refused = try Program.shell(
                "echo 1 > big; dd if=/dev/zero of=two bs=4k count=20 conv=notrunc",
                in: stage.mountpoint
            ).run(within: 20)
            #expect(refused.errors.contains("No space left"), "\(refused)")
            let removed = try Program.shell(
                "rm big; rm two; mv big two", in: stage.mountpoint
            ).run(within: 20)
            #expect(removed.code != 0 && removed.errors.contains("No space left"), "\(removed)")
            #expect(try held(stage) == [], "what was not removed has no further name")
            stage.unmount()
            #expect(try stage.undo("revert", "--all").code == 0)
            #expect(try UndoSnapshot(of: stage.source).differences(from: before) == [])
            try stage.mount(",space=100K,full=forget")
            try stage.shell("echo 1 > big; echo 2 > two")
            stage.unmount()
            _ = try stage.undo("revert", "--all")
            #expect(text(stage, "big") == "1\n")
        }

        @Test("a service that is replaced goes on with the session")
        func restarted() throws {
            let stage = try UndoStage()
            try stage.shell("echo one > a; echo two > b; mkdir d; echo x > d/x", mounted: false)
            let before = try UndoSnapshot(of: stage.source)
            try stage.mount()
            try stage.shell("echo 1 > a; mv b c; mkdir new; echo n > new/n")
            let command = try #require(BuiltPrograms.bypassio)
            let restart = try Program(command, ["restart", stage.mountpoint]).run(within: 60)
            #expect(restart.code == 0, "\(restart)")
            try stage.shell("echo 2 > a; rm c new/n; mv d new/d; rm new/d/x; echo k > new/k")
            let end = try Program(command, ["umount", stage.mountpoint]).run(within: 60)
            #expect(end.code == 0, "\(end)")
            for _ in 0..<200 where try stage.undo("list").output.contains("at work") {
                usleep(50_000)
            }
            let revert = try stage.undo("revert", "--all")
            #expect(revert.code == 0, "\(revert)")
            #expect(try UndoSnapshot(of: stage.source).differences(from: before) == [])
        }

        @Test("a store within the directory, or of a wrong name, attaches nothing")
        func places() throws {
            let stage = try UndoStage()
            let command = try #require(BuiltPrograms.bypassio)
            for (filter, code) in [
                ("undo,store=\(stage.source)/s/t", Int32(64)), ("undo,store=/s,session=../x", 64),
                ("undo,store=/s,space=0", 64), ("undo,store=/s,full=no", 64),
            ] {
                let outcome = try Program(
                    command, ["mount", "--filter", filter, stage.source, stage.mountpoint]
                ).run(within: 60)
                #expect(outcome.code != 0, "\(filter): \(outcome)")
                #expect(outcome.code == code, "\(filter): \(outcome)")
                #expect(MountTable.fileSystem(at: stage.mountpoint) == nil)
            }
            #expect(!FileManager.default.fileExists(atPath: "\(stage.source)/s"))
        }
    }
}
