import BypassIOProtocol
import Foundation
import Testing

extension MountedVolume {
    /// `state` without a path, `why` and `fsctl` on a live mount.
    @Suite(.enabled(if: MountCommand.chosen.isOurs, "the commands ask our service"))
    struct Questions {
        private let folder: TestFolder
        private let place: String
        private let program: String

        init() throws {
            folder = try TestFolder()
            place = try folder.makeFolder("mount")
            program = try #require(BuiltPrograms.bypassio)
        }

        private func mounted(
            _ options: [String], _ body: (_ source: String) throws -> Void
        ) throws {
            let source = try folder.makeFolder("source")
            try Data([UInt8](repeating: 65, count: 16_384)).write(
                to: URL(fileURLWithPath: "\(source)/data"))
            let mount = try Program(
                program,
                ["mount", "--background", "--log", folder.path("log")] + options
                    + [source, place]
            ).run(within: 20)
            #expect(mount.code == 0, "\(mount)")
            defer { _ = try? Program(program, ["umount", "--lazy", place]).run(within: 20) }
            try body(source)
        }

        private func ask(_ arguments: String...) throws -> Program.Outcome {
            try Program(program, arguments).run(within: 20)
        }

        @Test("state without a path has a line for the volume: its route, and who is in the way")
        func volumes() throws {
            try mounted(["--filter", "readaudit"]) { source in
                let text = try ask("state")
                let line = text.output.split(separator: "\n").first { $0.contains(place) }
                #expect(text.code == 0)
                #expect(line?.contains(source) == true && line?.contains("nobody") == true)
                let json = try ask("state", "--json").output
                #expect(json.contains(#""mountPoint" : "\#(place)""#))
            }
            try mounted(["-o", "bypass=off"]) { _ in
                let line = try ask("state").output.split(separator: "\n")
                    .first { $0.contains(place) }
                #expect(line?.contains("traditional") == true)
                #expect(line?.contains("bypass=off") == true)
            }
        }

        @Test("why names each layer that refuses, and what to do; nothing in the way is 0")
        func why() throws {
            try mounted(["--filter", "readaudit,every-read=yes"]) { _ in
                let refused = try ask("why", "\(place)/data")
                #expect(refused.code == 1)
                #expect(refused.output.contains("Reads of \(place)/data do not bypass."))
                #expect(refused.output.contains("The filter readaudit at altitude 370130"))
                #expect(refused.output.contains("STATUS_NOT_SUPPORTED_WITH_AUDITING"))
                #expect(refused.output.contains("bypassio detach readaudit \(place)"))
            }
            try mounted([]) { _ in
                let free = try ask("why", "\(place)/data")
                #expect(free.code == 0 && free.output.contains("Nothing keeps reads"))
                let file = try #require(FileHandle(forReadingAtPath: "\(place)/data"))
                defer { try? file.close() }
                let used = try ask("why", "\(place)/data")
                #expect(used.code == 1)
                #expect(used.output.contains("Process \(getpid()) ("), "\(used)")
                let other = try ask("why", "\(place)/data", "--as", "1")
                #expect(!other.output.contains("Process \(getpid())"), "\(other)")
                #expect(try ask("why", "\(place)/none").code == 66)
                #expect(try ask("why", "\(place)/data", "--as", "no-such-user").code == 66)
            }
        }

        @Test("state and why name a filter that denies the path, wherever its mount is controlled")
        func denied() throws {
            try Data("deny on=read data\n".utf8).write(
                to: URL(fileURLWithPath: folder.path("rules")))
            let cases: [(String, [String], String)] = [
                ("on", ["policy,profile=\(folder.path("rules"))"], "policy at altitude 385300"),
                (
                    "\(folder.path).sock", ["policy,profile=\(folder.path("rules"))"],
                    "rules, line 1"
                ),
                ("on", ["process,away=deny"], "process at altitude 385200"),
                ("on", ["fault,rule=data;open;errno=EPERM"], "fault at altitude 47000"),
            ]
            for (control, filters, words) in cases {
                let options = filters.flatMap { ["--filter", $0] }
                try mounted(["-o", "allow_other,control=\(control)"] + options) { _ in
                    for question in [["state"], ["why"], ["why", "--as", "nobody"]] {
                        let outcome = try Program(
                            program, question.prefix(1) + ["\(place)/data"] + question.dropFirst()
                        ).run(within: 20)
                        #expect(outcome.code == 66, "\(question) \(outcome)")
                        #expect(outcome.errors.contains("the filter "), "\(question) \(outcome)")
                        #expect(outcome.errors.contains(words), "\(question) \(outcome)")
                    }
                }
            }
        }

        @Test("fsctl sends what it was told to, and shows both buffers")
        func fsctl() throws {
            try mounted([]) { source in
                let file = "\(place)/data"
                let query = try ask("fsctl", file, "query")
                #expect(query.code == 0)
                #expect(query.output.contains("FSCTL_MANAGE_BYPASS_IO (0x00090448), sent:"))
                #expect(query.output.contains("FS_BPIO_OP_QUERY"))
                #expect(query.output.contains("STATUS_SUCCESS"))
                let hex = try ask("fsctl", file, "FS_BPIO_OP_QUERY", "--hex")
                #expect(hex.output.contains("0000  03 00 00 00 00 00 00 00"))
                let unknown = try ask("fsctl", file, "99")
                #expect(unknown.code == 1)
                #expect(unknown.output.contains("STATUS_INVALID_PARAMETER"))
                let short = try ask("fsctl", file, "query", "--output-length", "8")
                #expect(
                    short.code == 1 && short.output.contains("STATUS_BUFFER_TOO_SMALL"), "\(short)")
                #expect(try ask("fsctl", file, "qury").code == 64)
                #expect(try ask("fsctl", file, "query", "--output-length", "-1").code == 64)
                #expect(try ask("fsctl", "\(source)/data", "query").code == 66)
                #expect(try ask("fsctl", "\(place)/none", "query").code == 66)
            }
        }

        @Test("fsctl shows a refusal as the answer's, with exit code 1")
        func refusal() throws {
            try mounted(["--filter", "readaudit,every-read=yes"]) { _ in
                let answer = try ask("fsctl", "\(place)/data", "enable")
                #expect(answer.code == 1)
                #expect(answer.output.contains("Status: 0x00000000 STATUS_SUCCESS"))
                #expect(answer.output.contains("Enable.FailingDriverName"))
                #expect(answer.output.contains("readaudit"))
            }
        }
    }
}
