import Foundation
import Testing

extension MountedVolume {
    /// Sessions that a hostile program made up within a guard: `bypassio undo` neither crashes nor
    /// waits, and nothing from outside of the directory comes into it.
    @Suite(.enabled(if: MountCommand.chosen.isOurs, "the filter is ours"))
    struct UndoneCrafts {
        private let stage: UndoStage

        /// A session of root's, within which others may lie.
        init() throws {
            stage = try UndoStage()
            try stage.shell("echo one > a; mkdir d; echo x > d/x", mounted: false)
            try stage.mount()
            try stage.shell("echo 1 > a")
            stage.unmount()
        }

        private func inner(_ name: String) throws -> String {
            "\(try #require(stage.sessions.first))/\(name)"
        }

        /// By its shell, with a journal that is told of and not read.
        @Test(
            "a journal that is no regular file, or has no end, is refused with its reason",
            arguments: [
                ("mkfifo journal", "no regular file"), ("mkdir journal", "no regular file"),
                ("mknod journal c 1 5", "no regular file"),
                ("ln -s /dev/zero journal", "no regular file"),
                ("truncate -s 257M journal", "more than 256 MiB"),
            ])
        func journals(_ script: String, _ reason: String) throws {
            let crafted = try CraftedSession("x", in: stage)
            let made = try Program.shell(script, in: crafted.path).run(within: 20)
            #expect(made.code == 0, "\(made)")
            let list = try stage.undo("list")
            #expect(list.code == 0 && list.lines.count == 1, "\(list)")
            #expect(list.errors.contains("\(try inner("x")) cannot be read: "), "\(list)")
            #expect(list.errors.contains(reason), "\(list)")
            for words in [["status"], ["diff"], ["revert", "--all"], ["keep", "--all"]] {
                let outcome = try stage.undo(words + ["--session", try inner("x")])
                #expect(outcome.code == 66 && outcome.errors.contains(reason), "\(outcome)")
            }
            let own = try stage.undo("revert", "--all")
            #expect(own.code == 0, "\(own)")
        }

        @Test("records beyond every bound end the journal, and nothing crashes")
        func bounds() throws {
            let crafts: [(inout CraftedSession) -> Void] = [
                { $0.node(.max) }, { $0.node(2, size: .max, in: 1, name: "b") },
                { $0.entry(.max, "b", old: .max) }, { $0.kept(2, .max - 1, 1) },
                { $0.kept(2, 0, .max) }, { $0.kept(2, 1 << 63, 1, isHole: true) },
                // Within the bounds, as large as can be.
                { $0.kept(2, 0, .max >> 1, isHole: true) }, { $0.kept(2, 0, .max >> 1) },
                { $0.whole(2) }, { $0.held(2) },
                // Directories that contain each other.
                { craft in
                    craft.node(3, kind: 1, in: 4, name: "c")
                    craft.node(4, kind: 1, in: 3, name: "c")
                    craft.entry(3, "d", old: 4)
                    craft.entry(4, "d", old: 3)
                },
            ]
            for (number, craft) in crafts.enumerated() {
                var session = try CraftedSession("x\(number)", in: stage)
                session.begin(stage.source)
                session.node(1, kind: 1)
                session.node(2, size: .max >> 1, in: 1, name: "gone")
                session.entry(1, "gone", old: 2)
                craft(&session)
                session.ended()
                try session.write()
                try Data("data".utf8).write(to: URL(fileURLWithPath: "\(session.path)/data/2"))
                for words in [["list"], ["status"], ["diff"], ["revert", "--all", "--force"]] {
                    let name = words == ["list"] ? [] : ["--session", try inner("x\(number)")]
                    let outcome = try stage.undo(words + name)
                    #expect([0, 1].contains(outcome.code), "\(number): \(outcome)")
                }
            }
        }

        @Test("folders of a session that are links lead nowhere")
        func links() throws {
            let secret = try stage.folder.makeFolder("secret")
            try Data("secret".utf8).write(to: URL(fileURLWithPath: "\(secret)/2"))
            for folder in ["data", "held"] {
                var session = try CraftedSession("x-\(folder)", in: stage, folders: false)
                session.begin(stage.source)
                session.node(1, kind: 1)
                session.node(2, size: 6, in: 1, name: "gone")
                session.entry(1, "gone", old: 2)
                session.entry(1, "more", old: nil)
                folder == "data" ? session.kept(2, 0, 6) : session.held(2)
                session.ended()
                try session.write()
                try FileManager.default.createSymbolicLink(
                    atPath: "\(session.path)/\(folder)", withDestinationPath: secret)
                let name = try inner("x-\(folder)")
                let diff = try stage.undo("diff", "--session", name)
                #expect(!diff.output.contains("secret"), "\(diff)")
                #expect(diff.output.contains("cannot be read now"), "\(diff)")
                let revert = try stage.undo("revert", "--all", "--session", name)
                #expect(revert.code == 1, "\(revert)")
                let found = try? String(contentsOfFile: "\(stage.source)/gone", encoding: .utf8)
                #expect(found?.contains("secret") != true)
                // Nor is anything removed there.
                _ = try stage.undo("keep", "gone", "--session", name)
                #expect(FileManager.default.fileExists(atPath: "\(secret)/2"))
                let away = try stage.undo("keep", "--all", "--session", name)
                #expect(away.code == 0, "\(away)")
                #expect(FileManager.default.fileExists(atPath: "\(secret)/2"))
                #expect(!FileManager.default.fileExists(atPath: session.path))
                try? FileManager.default.removeItem(atPath: "\(stage.source)/gone")
            }
        }

        @Test("kept files that are FIFOs, links or of another size neither block nor crash")
        func copies() throws {
            for (number, script) in [
                "mkfifo data/2 held/2", "ln -s /etc/passwd data/2; ln -s /etc/passwd held/2",
                "mkdir data/2 held/2",
                // The first data is behind what was the file's end.
                "truncate -s 1M data/2; echo x >> data/2; cp data/2 held/2",
            ].enumerated() {
                for isHeld in [false, true] {
                    let name = "x\(number)-\(isHeld)"
                    var session = try CraftedSession(name, in: stage)
                    session.begin(stage.source)
                    session.node(1, kind: 1)
                    session.node(2, size: 6, in: 1, name: "gone")
                    session.entry(1, "gone", old: 2)
                    session.whole(2)
                    if isHeld { session.held(2) }
                    session.ended()
                    try session.write()
                    let made = try Program.shell(script, in: session.path).run(within: 20)
                    #expect(made.code == 0, "\(made)")
                    for words in [["diff"], ["revert", "--all"]] {
                        let outcome = try stage.undo(words + ["--session", try inner(name)])
                        #expect([0, 1].contains(outcome.code), "\(name): \(outcome)")
                        #expect(!outcome.output.contains("root:"), "\(outcome)")
                    }
                    let gone = try? String(
                        contentsOfFile: "\(stage.source)/gone", encoding: .utf8)
                    #expect(gone?.contains("root:") != true)
                    try? FileManager.default.removeItem(atPath: "\(stage.source)/gone")
                }
            }
        }

        @Test("no device is made that a program within a guard thought of")
        func devices() throws {
            var session = try CraftedSession("x", in: stage)
            session.begin(stage.source)
            session.node(1, kind: 1)
            session.node(2, kind: 5, device: 0x103, in: 1, name: "null")
            session.entry(1, "null", old: 2)
            session.ended()
            try session.write()
            let revert = try stage.undo("revert", "--all", "--session", try inner("x"))
            #expect(revert.code == 1 && revert.errors.contains("null"), "\(revert)")
            #expect(!FileManager.default.fileExists(atPath: "\(stage.source)/null"))
        }
    }
}
