import Foundation
import Testing

extension MountedVolume {
    /// Files that do not let themselves be changed: immutable, or read-only to their owner.
    @Suite(.enabled(if: MountCommand.chosen.isOurs, "the filter is ours"))
    struct UndoneLocks {
        /// nil where the file system has no such flags.
        private func stage() throws -> UndoStage? {
            let stage = try UndoStage()
            try stage.shell(
                "mkdir -p dir other; echo one > a; echo two > b; echo in > dir/in; echo x > other/x",
                mounted: false)
            let probe = try Program.shell("chattr +i a && chattr -i a", in: stage.source)
                .run(within: 20)
            return probe.code == 0 ? stage : nil
        }

        private func text(_ stage: UndoStage, _ name: String) -> String? {
            try? String(contentsOfFile: "\(stage.source)/\(name)", encoding: .utf8)
        }

        private func unlock(_ stage: UndoStage) {
            _ = try? Program.shell("chattr -R -f -i -a .", in: stage.source).run(within: 20)
        }

        @Test("what the session made immutable is taken back, and what was immutable is so again")
        func session() throws {
            guard let stage = try stage() else { return }
            defer { unlock(stage) }
            try stage.shell("chattr +i b", mounted: false)
            let before = try UndoSnapshot(of: stage.source)
            try stage.mount()
            try stage.shell(
                """
                echo 1 > a; rm dir/in; mkdir new; echo n > new/n; chattr +i a new/n new dir
                chattr -i b; echo 2 > b; chattr +a b
                """)
            stage.unmount()
            let revert = try stage.undo("revert", "--all")
            #expect(revert.code == 0, "\(revert)")
            #expect(try UndoSnapshot(of: stage.source).differences(from: before) == [])
            let flags = try stage.shell("lsattr a b; lsattr -d dir", mounted: false).lines
            let immutable = flags.map { $0.prefix { $0 != " " }.contains("i") }
            #expect(immutable == [false, true, false], "\(flags)")
        }

        @Test("what others made immutable is told, the rest is taken back, and a later run goes on")
        func others() throws {
            guard let stage = try stage() else { return }
            defer { unlock(stage) }
            let before = try UndoSnapshot(of: stage.source)
            try stage.mount()
            try stage.shell("echo 1 > a; echo 2 > b; rm -r dir; mv other moved; rm moved/x")
            stage.unmount()
            try stage.shell("chattr +i b moved", mounted: false)
            let revert = try stage.undo("revert", "--all", "--force")
            #expect(revert.code == 1, "\(revert)")
            #expect(revert.errors.contains("b cannot be restored"), "\(revert)")
            #expect(text(stage, "a") == "one\n" && text(stage, "dir/in") == "in\n")
            #expect(text(stage, "b") == "2\n")
            #expect(stage.sessions.count == 1)
            try stage.shell("chattr -i b moved; rm -f *.before-undo", mounted: false)
            let last = try stage.undo("revert", "--all")
            #expect(last.code == 0, "\(last)")
            #expect(try UndoSnapshot(of: stage.source).differences(from: before) == [])
        }

        @Test("a directory that is immutable as a whole stops its own changes only")
        func root() throws {
            guard let stage = try stage() else { return }
            defer { unlock(stage) }
            try stage.mount()
            try stage.shell("echo 1 > a; mv b dir/b; rm dir/in")
            stage.unmount()
            try stage.shell("chattr +i .", mounted: false)
            let revert = try stage.undo("revert", "--all", "--force")
            #expect(revert.code == 1, "\(revert)")
            #expect(text(stage, "a") == "one\n" && text(stage, "dir/in") == "in\n", "\(revert)")
            try stage.shell("chattr -i .; rm -f *.before-undo", mounted: false)
            let last = try stage.undo("revert", "--all")
            #expect(last.code == 0, "\(last)")
            #expect(text(stage, "b") == "two\n")
        }

        @Test("a user takes back changes of read-only files and directories")
        func readOnly() throws {
            let stage = try UndoStage()
            let user = "setpriv --reuid 1000 --regid 1000 --clear-groups "
            let made = try Program.shell(
                """
                mkdir -p ro/sub; echo x > ro/x; echo s > ro/sub/s; echo r > f; setfattr -n user.a \
                -v 1 f; chmod 400 f; chmod 500 ro/sub ro; chown -R 1000:1000 .; \(user) true
                """, in: stage.source
            ).run(within: 20)
            guard made.code == 0 else { return }
            let before = try UndoSnapshot(of: stage.source)
            try stage.mount()
            try stage.shell(
                user
                    + """
                    sh -ec 'chmod 700 ro; rm ro/x; echo n > ro/n; chmod 700 ro/sub; mv ro/sub moved
                    chmod 500 ro; mv moved/s moved/t; chmod 500 moved; chmod 600 f
                    echo 2 > f; setfattr -n user.a -v 2 f; chmod 400 f
                    mkdir -p new/sub; echo q > new/sub/q; chmod 500 new/sub; chmod 400 new'
                    """)
            stage.unmount()
            let command = try #require(BuiltPrograms.bypassio)
            let revert = try Program.shell(
                "chown -R 1000:1000 \(stage.store); chmod 755 \(stage.folder.path); "
                    + "\(user) \(command) undo revert --all --store \(stage.store)",
                in: stage.source
            ).run(within: 60)
            #expect(revert.code == 0, "\(revert)")
            #expect(try UndoSnapshot(of: stage.source).differences(from: before) == [])
        }
    }
}
