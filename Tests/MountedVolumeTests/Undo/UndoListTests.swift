import Foundation
import Testing

extension MountedVolume {
    /// Which sessions there are, and how much they changed.
    @Suite(.enabled(if: MountCommand.chosen.isOurs, "the filter is ours"))
    struct UndoneLists {
        private let stage: UndoStage

        init() throws {
            stage = try UndoStage()
            try stage.shell("echo one > a; echo two > b; mkdir d; echo x > d/x", mounted: false)
            try stage.mount(",session=s")
        }

        private func list() throws -> String { try stage.undo("list").output }

        private func expectList(has words: String) throws {
            let now = try list()
            #expect(now.contains(words), "\(now)")
        }

        private func json() throws -> String { try stage.undo("list", "--json").output }

        @Test("a session whose changes were all taken back while it worked is gone when it ends")
        func takenBack() throws {
            try stage.shell("echo 1 > a; mv b c; rm -r d; echo n > n")
            try expectList(has: " at work  ")
            #expect(try stage.undo("revert", "--all").code == 0)
            try expectList(has: " at work, all taken back  ")
            stage.unmount()
            #expect(try list() == "There are no sessions.\n")
            #expect(stage.sessions == [])
            #expect(try stage.undo("status").code == 66)
        }

        @Test("what is changed after that is listed, and can be taken back")
        func goesOn() throws {
            try stage.shell("echo 1 > a; echo n > n")
            #expect(try stage.undo("revert", "--all").code == 0)
            // The same size and time as before: only the change itself tells.
            try stage.shell("cp -p a t; printf 'ONE\\n' > a; touch -r t a; rm t")
            let now = try list()
            #expect(!now.contains("taken back"), "\(now)")
            stage.unmount()
            try expectList(has: " ended  ")
            #expect(try stage.undo("revert", "--all").code == 0)
            #expect(try String(contentsOfFile: "\(stage.source)/a", encoding: .utf8) == "one\n")
            #expect(try list() == "There are no sessions.\n")
        }

        @Test("a session of which each change was taken back, or kept, by its path is gone")
        func byPaths() throws {
            try stage.shell("echo 1 > a; chmod 600 b; echo n > n; rm d/x; echo m > m")
            stage.unmount()
            for path in ["a", "n", "b"] {
                #expect(try stage.undo("revert", path).code == 0)
                try expectList(has: " ended  ")
            }
            #expect(try stage.undo("keep", "m").code == 0)
            try expectList(has: " ended  ")
            #expect(try stage.undo("revert", "d").code == 0)
            #expect(try list() == "There are no sessions.\n")
        }

        @Test("the list reads no journal to its end: not of the ended, nor of the killed twice")
        func summaries() throws {
            try stage.shell("echo 1 > a; rm b; echo n > n; chmod 600 d/x")
            stage.unmount()
            let before = try list()
            #expect(before.contains(": 2 names, data of 2 files"), "\(before)")
            try damage("s")
            #expect(try list() == before)
            try stage.mount(",session=killed")
            try stage.shell("echo k > k")
            stage.kill()
            let killed = try list()
            #expect(killed.contains(" killed ") && killed.contains(": 1 names"), "\(killed)")
            try damage("killed")
            #expect(try list() == killed)
            // Where the journal is another, it is read.
            try FileManager.default.removeItem(atPath: "\(stage.store)/s/summary")
            try expectList(has: ": 0 names")
        }

        /// All but the first record: whoever reads it finds no change.
        private func damage(_ session: String) throws {
            let path = "\(stage.store)/\(session)/journal"
            let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
            let first = 12 + Int(bytes[0]) + Int(bytes[1]) << 8
            let file = try #require(FileHandle(forWritingAtPath: path))
            try file.seek(toOffset: UInt64(first))
            try file.write(contentsOf: Data(count: bytes.count - first))
            try file.close()
        }

        @Test("a long journal that a program within a guard made up is listed, and not read")
        func long() throws {
            try stage.shell("echo 1 > a")
            stage.unmount()
            var crafted = try CraftedSession("x", in: stage)
            crafted.begin(stage.source)
            try crafted.write()
            let grown = try Program.shell("truncate -s 17M journal", in: crafted.path)
                .run(within: 20)
            #expect(grown.code == 0)
            try expectList(has: "s/x  2001-09-09T01:46:40.000000Z  not at work")
            let json = try json()
            #expect(json.contains("\"name\" : \"s\\/x\"") || json.contains("\"name\" : \"s/x\""))
        }

        @Test("by force, a copy stays of what is in a conflict; a rename to the same path is none")
        func copies() throws {
            try stage.shell("echo 1 > a; mv b c; mv d e; mkdir d; mv e/x d/x")
            stage.unmount()
            let status = try stage.undo("status")
            #expect(
                status.lines == [
                    "changed a (4 → 2 bytes)", "renamed b → c", "created d/", "renamed d → e",
                ], "\(status)")
            usleep(20_000)
            try stage.shell("echo mine >> a", mounted: false)
            #expect(try stage.undo("revert", "--all", "--force").code == 0)
            let names = try FileManager.default.subpathsOfDirectory(atPath: stage.source).sorted()
            #expect(names == ["a", "a.before-undo", "b", "d", "d/x"], "\(names)")
        }
    }
}
