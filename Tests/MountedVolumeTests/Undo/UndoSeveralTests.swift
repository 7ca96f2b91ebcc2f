import Foundation
import Testing

extension MountedVolume {
    /// Several sessions that changed the same files, one after the other.
    @Suite(.enabled(if: MountCommand.chosen.isOurs, "the filter is ours"))
    struct UndoneInTurn {
        private static let tree = """
            mkdir -p d/sub; for n in data mode saved gone d/x d/sub/y; do echo $n > $n; done
            ln -s data link; ln data d/second
            """
        private static let first = """
            echo 1 >> data; chmod 600 mode; echo 1 > t; mv t saved; rm link; ln -s mode link
            echo 1 > new; mkdir made; echo 1 > made/in; echo 1 >> d/x; mv d/sub/y d/sub/z
            setfattr -n user.a -v 1 gone 2>/dev/null || chmod 604 gone; mkfifo pipe
            """
        private static let second = """
            echo 2 >> data; chmod 640 mode; echo 2 > t; mv t saved; rm link; ln -s x link
            echo 2 >> new; echo 2 >> made/in; rm gone; echo 2 >> d/x; mv d/sub/z d/sub/w
            rm d/second; mv d e; rm -r e/sub; rm pipe
            """

        /// Each script is a session of its own.
        private func stage(
            _ scripts: [String], store: String? = nil, between: String = ""
        ) throws -> (stage: UndoStage, before: [UndoSnapshot]) {
            let stage = try UndoStage(store: store)
            try stage.shell(Self.tree, mounted: false)
            var before: [UndoSnapshot] = []
            for (number, script) in scripts.enumerated() {
                if number > 0, !between.isEmpty { try stage.shell(between, mounted: false) }
                before.append(try UndoSnapshot(of: stage.source))
                try stage.mount(",session=s\(number)")
                try stage.shell(script)
                stage.unmount()
            }
            return (stage, before)
        }

        private func revert(_ stage: UndoStage, _ session: Int) throws -> Program.Outcome {
            try stage.undo("revert", "--all", "--session", "s\(session)")
        }

        @Test(
            "the newest is taken back first, then the older is no conflict; on one disk and on two",
            arguments: [nil, "/dev/shm"])
        func inTurn(_ disk: String?) throws {
            let store = disk.map { "\($0)/bypassio-undo-\(UUID().uuidString)" }
            defer { if let store { try? FileManager.default.removeItem(atPath: store) } }
            let third = "echo 3 >> data; echo 3 >> new; rm made/in; chmod 666 mode; echo 3 > link2"
            let (stage, before) = try stage([Self.first, Self.second, third], store: store)
            for session in [2, 1, 0] {
                let outcome = try revert(stage, session)
                try #require(outcome.code == 0, "session \(session): \(outcome)")
                let now = try UndoSnapshot(of: stage.source)
                #expect(now.differences(from: before[session]) == [], "session \(session)")
            }
            #expect(try stage.undo("list").output == "There are no sessions.\n")
        }

        @Test("what somebody else changed between two sessions, or after both, is a conflict still")
        func foreign() throws {
            let (stage, before) = try stage(
                [Self.first, Self.second], between: "sleep 0.02; echo mine >> data")
            #expect(try revert(stage, 1).code == 0)
            #expect(try UndoSnapshot(of: stage.source).differences(from: before[1]) == [])
            usleep(20_000)
            try stage.shell("echo mine >> made/in; echo mine >> d/x", mounted: false)
            let refused = try revert(stage, 0)
            #expect(refused.code == 1, "\(refused)")
            let told = refused.errors.split(separator: "\n").filter { $0.contains("conflict: ") }
            #expect(
                told.sorted() == [
                    "conflict: d/second was changed since, by somebody else",
                    "conflict: d/x was changed since, by somebody else",
                    "conflict: made/in was changed since, by somebody else",
                ] || told.count == 3, "\(told)")
        }

        @Test("by force, what somebody else changed is no state that an older session left")
        func forced() throws {
            let (stage, _) = try stage([Self.first, Self.second])
            usleep(20_000)
            try stage.shell(
                "printf mine | dd of=data conv=notrunc bs=1 status=none", mounted: false)
            #expect(try revert(stage, 1).code == 1)
            #expect(
                try stage.undo("revert", "--all", "--force", "--session", "s1").code == 0)
            let refused = try revert(stage, 0)
            #expect(refused.code == 1 && refused.errors.contains("was changed"), "\(refused)")
        }

        @Test("the older before the newer is a conflict")
        func older() throws {
            let (stage, _) = try stage([Self.first, Self.second])
            let refused = try revert(stage, 0)
            #expect(refused.code == 1 && refused.errors.contains("conflict: data"), "\(refused)")
        }

        @Test(
            "a revert of the newer that was killed and run again leaves the older no conflict",
            .enabled(if: Program.find("strace") != nil, "needs strace, which kills at a call"),
            arguments: ["utimensat", "renameat2", "unlinkat,linkat", "pwrite64"])
        func killed(_ calls: String) throws {
            let (stage, before) = try stage([Self.first, Self.second])
            let command = try #require(BuiltPrograms.bypassio)
            for kills in 0..<6 {
                _ = try Program.shell(
                    "strace -f -qq -o /dev/null -e inject=\(calls):signal=KILL:when=\(1 + 2 * kills) "
                        + "\(command) undo revert --all --session s1 --store \(stage.store)",
                    in: stage.source
                ).run(within: 60)
            }
            if stage.sessions.contains("s1") {
                let outcome = try revert(stage, 1)
                try #require(outcome.code == 0 || outcome.code == 66, "\(outcome)")
            }
            let outcome = try revert(stage, 0)
            try #require(outcome.code == 0, "\(calls): \(outcome)")
            #expect(try UndoSnapshot(of: stage.source).differences(from: before[0]) == [])
        }

        @Test(
            "a revert that was killed while it gave up what it held leaves the older no conflict",
            .enabled(if: Program.find("strace") != nil, "needs strace, which kills at a call"),
            arguments: [1, 2])
        func killedAtTheEnd(call: Int) throws {
            let (stage, before) = try stage([
                "ln data keep; echo 1 >> data; ln d/x keep2", "rm data d/x; echo new > data",
            ])
            let command = try #require(BuiltPrograms.bypassio)
            // The older hears of what was restored, then of what is held no more.
            let killed = try Program.shell(
                "strace -f -qq -o /dev/null -P \(stage.store)/s0/journal "
                    + "-e inject=pwrite64:signal=KILL:when=\(call) "
                    + "\(command) undo revert --all --session s1 --store \(stage.store)",
                in: stage.source
            ).run(within: 60)
            #expect(killed.code != 0, "\(killed)")
            #expect(try stage.undo("list").output.contains("s0"))
            if stage.sessions.contains("s1") { _ = try revert(stage, 1) }
            let outcome = try revert(stage, 0)
            #expect(outcome.code == 0, "\(outcome)")
            #expect(try UndoSnapshot(of: stage.source).differences(from: before[0]) == [])
        }

        @Test("one path of the newer, then that path of the older")
        func path() throws {
            let (stage, _) = try stage([Self.first, Self.second])
            for session in ["s1", "s0"] {
                let outcome = try stage.undo("revert", "data", "--session", session)
                #expect(outcome.code == 0, "\(session): \(outcome)")
            }
            let text = try String(contentsOfFile: "\(stage.source)/data", encoding: .utf8)
            #expect(text == "data\n")
        }
    }
}
