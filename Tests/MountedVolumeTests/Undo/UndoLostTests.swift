import Foundation
import Testing

extension MountedVolume {
    /// What cannot be taken back stays as it is, is told, and costs nothing that the session kept.
    @Suite(.enabled(if: MountCommand.chosen.isOurs, "the filter is ours"))
    struct UndoneLosses {
        /// What others do after the session has ended.
        struct Case: Sendable, CustomTestStringConvertible {
            let session: String
            let others: String
            /// Of the file that was moved, replaced or removed.
            let lost: String

            var testDescription: String { "\(session); then \(others)" }
        }

        private static let cases = [
            Case(session: "echo new >> f", others: "mv f k", lost: "f"),
            Case(session: "echo new >> f", others: "rm f", lost: "f"),
            Case(session: "echo new >> f", others: "cp f t; mv t f", lost: "f"),
            Case(session: "echo new >> d/x", others: "mv d dd", lost: "d/x"),
            Case(session: "mv g h", others: "mv h hh", lost: "h"),
            Case(session: "mv g h", others: "rm h", lost: "h"),
            Case(session: "mv d d2; echo y >> d2/x", others: "mv d2 d3", lost: "d/x"),
        ]

        private func stage(_ script: String, _ settings: String = "") throws -> UndoStage {
            let stage = try UndoStage()
            try stage.shell(
                "echo old > f; echo keep > g; mkdir d; echo x > d/x; "
                    + "head -c 2097152 /dev/zero | tr '\\0' 'b' > big",
                mounted: false)
            try stage.mount(settings)
            try stage.shell(script)
            stage.unmount()
            return stage
        }

        private func tree(_ stage: UndoStage) throws -> String {
            try stage.shell("find . -type f | sort | xargs sha256sum", mounted: false).output
        }

        @Test("what others moved, replaced or removed since is a conflict", arguments: cases)
        func others(_ one: Case) throws {
            let stage = try stage(one.session)
            try stage.shell(one.others, mounted: false)
            let before = try tree(stage)
            let refused = try stage.undo("revert", "--all")
            #expect(refused.code == 1, "\(refused)")
            #expect(
                refused.errors.contains("conflict: \(one.lost) was moved, replaced or removed"),
                "\(refused)")
            #expect(try tree(stage) == before)
            #expect(stage.sessions.count == 1)
            let forced = try stage.undo("revert", "--all", "--force")
            #expect(forced.code == 1 && forced.errors.contains("is nowhere any more"), "\(forced)")
            #expect(stage.sessions.count == 1, "what was kept of it is kept on")
        }

        @Test("what was forgotten is told, and what lies in its place stays")
        func forgotten() throws {
            for script in [
                "echo precious > t; mv t big",
                "dd if=/dev/zero of=big bs=64k count=32 conv=notrunc",
            ] {
                let stage = try stage("\(script); echo new >> f", ",space=1M,full=forget")
                let big = try stage.shell("sha256sum big", mounted: false).output
                let outcome = try stage.undo("revert", "--all")
                #expect(outcome.code == 1, "\(outcome)")
                #expect(outcome.errors.contains("big was not kept"), "\(outcome)")
                #expect(try stage.shell("sha256sum big", mounted: false).output == big)
                #expect(try stage.shell("cat f", mounted: false).output == "old\n")
            }
        }
    }
}
