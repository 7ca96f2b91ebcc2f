import Foundation
import Testing

extension MountedVolume {
    /// What the README shows of a terminal is what the commands print.
    @Suite(
        .enabled(if: MountCommand.chosen.isOurs, "the filter is ours"),
        .enabled(if: geteuid() == 0, "the README shows what root sees"))
    struct RecordedSessions {
        private struct Step {
            let command: String
            var output: [String] = []
        }

        /// The block of the README whose first command is this.
        private func recorded(_ first: String) throws -> [Step] {
            let readme = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
                .appendingPathComponent("../../../README.md")
            let text = try String(contentsOf: readme, encoding: .utf8)
            let start = try #require(text.range(of: "```console\n$ \(first)\n"))
            let rest = text[start.lowerBound...].dropFirst("```console\n".count)
            let end = try #require(rest.range(of: "\n```"))
            var steps: [Step] = []
            for line in rest[..<end.lowerBound].split(
                separator: "\n", omittingEmptySubsequences: false)
            {
                if line.hasPrefix("$ ") {
                    steps.append(Step(command: String(line.dropFirst(2))))
                } else if let last = steps.indices.last {
                    steps[last].output.append(String(line))
                }
            }
            return steps
        }

        /// Without what differs from run to run: the session, the folder.
        private func plain(_ text: String, _ folder: String) -> [String] {
            text.replacing(folder, with: "/home/ann/app")
                .replacing(#/\d{8}-\d{6}-\d+/#, with: "SESSION")
                .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        }

        @Test("a guard that keeps a program from a key, and whose changes are taken back")
        func guarded() throws {
            let steps = try recorded("cat install.sh")
            let home = try TestFolder()
            let folder = try home.makeFolder("app")
            let files = [
                ".env": "TOKEN=1234\n", "README.md": "# App\n",
                "install.sh": try #require(steps.first).output.joined(separator: "\n") + "\n",
                "package.json": "{\n  \"name\": \"app\",\n  \"version\": \"1.0.0\"\n}\n",
            ]
            for (name, text) in files {
                try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
            }
            let command = try #require(BuiltPrograms.bypassio)
            let place = URL(fileURLWithPath: command).deletingLastPathComponent().path
            for step in steps {
                let outcome = try Program.shell(
                    "chmod +x install.sh; export HOME='\(home.path)'; unset XDG_STATE_HOME; "
                        + "PATH='\(place)':$PATH; { \(step.command); } 2>&1",
                    in: folder
                ).run(within: 60)
                let shown = plain(step.output.joined(separator: "\n"), folder)
                #expect(plain(outcome.output, folder).dropLast() == shown[...], "\(step.command)")
            }
            for (name, text) in files {
                #expect(
                    try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8) == text)
            }
        }
    }
}
