import Foundation
import Testing

extension MountedVolume {
    /// Trees that are deeper than a process has descriptors.
    @Suite(.enabled(if: MountCommand.chosen.isOurs, "the filter is ours"))
    struct UndoneDepths {
        /// A build for debugging takes seconds for it: there FilePath looks at itself at each step.
        private static let deep = Array(repeating: "d", count: 250).joined(separator: "/")

        /// With few descriptors and a small stack.
        private func undo(_ stage: UndoStage, _ words: String) throws -> Program.Outcome {
            let command = try #require(BuiltPrograms.bypassio)
            return try Program.shell(
                "ulimit -n 64; ulimit -s 512; exec \(command) undo \(words) --store \(stage.store)",
                in: stage.source
            ).run(within: 120)
        }

        @Test("what the session made goes, and what it removed comes back, however deep")
        func deep() throws {
            let stage = try UndoStage()
            try stage.shell(
                "mkdir -p old/\(Self.deep); echo bottom > old/\(Self.deep)/file", mounted: false)
            let before = try UndoSnapshot(of: stage.source)
            try stage.mount()
            try stage.shell("rm -r old; mkdir -p new/\(Self.deep); echo n > new/\(Self.deep)/file")
            stage.unmount()
            for words in ["list", "status", "diff"] {
                let outcome = try undo(stage, words)
                #expect(outcome.code == 0, "\(words): \(outcome.errors)")
                if words == "diff" {
                    #expect(outcome.output.contains("/d/file"), "the file below is shown")
                    #expect(outcome.lines.contains("+n") && outcome.lines.contains("-bottom"))
                }
            }
            let revert = try undo(stage, "revert --all")
            #expect(revert.code == 0, "\(revert.errors)")
            let after = try UndoSnapshot(of: stage.source)
            #expect(after.lines.count == before.lines.count)
            #expect(after.differences(from: before).isEmpty)
            #expect(stage.sessions.isEmpty)
        }

        @Test("a session whose folder is as deep is removed")
        func folder() throws {
            let stage = try UndoStage()
            try stage.shell("echo one > a", mounted: false)
            try stage.mount()
            try stage.shell("echo 1 > a")
            stage.unmount()
            let session = try #require(stage.sessions.first)
            let made = try Program.shell(
                "mkdir -p \(Self.deep); cd -P \(Self.deep); mkdir -p \(Self.deep)",
                in: "\(stage.store)/\(session)/inner"
            ).run(within: 60)
            #expect(made.code == 0, "\(made.errors)")
            #expect(try undo(stage, "keep --all").code == 0)
            #expect(stage.sessions.isEmpty)
        }
    }
}
