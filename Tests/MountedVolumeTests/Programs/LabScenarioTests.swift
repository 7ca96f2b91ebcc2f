import Foundation
import Testing

extension MountedVolume {
    /// The conformance suite of `Scenarios/` on mounts of its own.
    @Suite(.enabled(if: MountCommand.chosen.isOurs, "the stand-in plays no scenarios"))
    struct LabScenarios {
        private static let root = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().path

        @Test("Every scenario brings its answers on a mount; the written table says the same")
        func suite() throws {
            let command = try #require(BuiltPrograms.bypassio)
            let outcome = try Program(
                command,
                [
                    "lab", "conformance", "--mount", "--folder", TestFolder.parent, "Scenarios",
                ], in: Self.root
            ).run(within: 600)
            #expect(outcome.code == 0, "\(outcome)")
            let written = try String(
                contentsOfFile: "\(Self.root)/docs/conformance.md", encoding: .utf8)
            #expect(outcome.output == written, "write docs/conformance.md anew")
        }
    }
}
