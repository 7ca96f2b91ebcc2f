import Foundation
import Testing

extension MountedVolume {
    /// A revert that is killed where it enters a system call goes on when it is run again, without
    /// `--force`: what it did itself is no conflict.
    @Suite(
        .enabled(if: MountCommand.chosen.isOurs, "the calls of this command are swept"),
        .enabled(if: Program.find("strace") != nil, "needs strace, which kills at a call"))
    struct UndoneReverts {
        /// The first of them, then the second, and so on, each killing the run that goes on.
        private static let calls = [
            "pwrite64", "renameat2", "unlinkat,linkat", "mkdirat,mknodat,symlinkat",
            "utimensat,ftruncate,fchmod,chmod",
        ]

        /// BYPASSIO_TEST_SWEEP=1 kills at each.
        private static let stride =
            ProcessInfo.processInfo.environment["BYPASSIO_TEST_SWEEP"].flatMap { Int($0) } ?? 2

        private static let script = """
            echo changed >> a; mv b c; rm -r dir; echo file > dir; mkdir new; echo n > new/n
            ln new/n new/m; mv moved/x new/x; mv moved other; rm link; ln -s elsewhere link
            mv p t; mv q p; mv t q; echo 1 > held; rm held; echo other > held; chmod 600 a
            """

        @Test(
            "killed again and again, the old state comes back",
            arguments: calls, [nil, "/dev/shm"])
        func sweep(_ calls: String, _ disk: String?) throws {
            let store = disk.map { "\($0)/bypassio-undo-\(UUID().uuidString)" }
            defer { if let store { try? FileManager.default.removeItem(atPath: store) } }
            let stage = try UndoStage(store: store)
            try stage.shell(
                """
                mkdir -p dir/sub/deep moved; echo in > dir/in; echo deep > dir/sub/deep/x
                for name in a b held p q moved/x; do echo $name > $name; done; ln a dir/a
                ln -s target link; mkfifo dir/fifo; chmod 750 dir/sub; touch -d 2001-02-03 dir/in
                """, mounted: false)
            let before = try UndoSnapshot(of: stage.source)
            try stage.mount()
            try stage.shell(Self.script)
            stage.unmount()
            let command = try #require(BuiltPrograms.bypassio)
            var kills = 0
            while true {
                let outcome = try Program.shell(
                    "strace -f -qq -o /dev/null -e inject=\(calls):signal=KILL:when=\(1 + kills * Self.stride) "
                        + "\(command) undo revert --all --store \(stage.store)",
                    in: stage.source
                ).run(within: 60)
                // Killed at the very last call: an empty folder is left, which is no session.
                guard outcome.code != 0, outcome.code != 66 else { break }
                kills += 1
                try #require(
                    !outcome.errors.contains("bypassio:") && !outcome.errors.contains("conflict"),
                    "\(calls), run \(kills): \(outcome)")
                try #require(kills < 300, "\(calls): it takes no end of calls")
            }
            #expect(kills > 0, "\(calls): it was killed nowhere")
            let after = try UndoSnapshot(of: stage.source)
            #expect(after.differences(from: before) == [], "\(calls), killed \(kills) times")
            #expect(try stage.undo("list").output == "There are no sessions.\n")
        }

        @Test("what others change after a revert was killed is a conflict still")
        func others() throws {
            let stage = try UndoStage()
            try stage.shell("for n in 1 2 3 4 5 6; do echo old > f$n; done", mounted: false)
            try stage.mount()
            try stage.shell("for n in 1 2 3 4 5 6; do echo changed > f$n; done")
            stage.unmount()
            let command = try #require(BuiltPrograms.bypassio)
            let killed = try Program.shell(
                "strace -f -qq -o /dev/null -e inject=utimensat:signal=KILL:when=3 "
                    + "\(command) undo revert --all --store \(stage.store)",
                in: stage.source
            ).run(within: 60)
            #expect(killed.code != 0)
            try stage.shell("for n in 1 2 3 4 5 6; do echo mine >> f$n; done", mounted: false)
            let refused = try stage.undo("revert", "--all")
            #expect(refused.code == 1, "\(refused)")
            let told = refused.errors.split(separator: "\n").filter { $0.contains("was changed") }
            // All but the file at which the first was killed.
            #expect(told.count == 5, "\(refused)")
        }
    }
}
