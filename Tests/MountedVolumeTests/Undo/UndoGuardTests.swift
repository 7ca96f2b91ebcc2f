import Foundation
import Testing

extension MountedVolume {
    /// `bypassio guard --undo`, as root, as a user, and within another.
    @Suite(.enabled(if: MountCommand.chosen.isOurs, "the command is ours"))
    struct UndoneGuards {
        private let folder: TestFolder
        private let place: String
        private let store: String
        private let command: String

        init() throws {
            folder = try TestFolder()
            place = try folder.makeFolder("place")
            store = folder.path("store")
            command = try #require(BuiltPrograms.bypassio)
            let made = try Program.shell(
                "mkdir d; echo one > a; echo x > d/x", in: place
            ).run(within: 20)
            guard made.code == 0 else { throw TestError("\(made)") }
        }

        private func shell(_ line: String) throws -> Program.Outcome {
            try Program.shell(line, in: place).run(within: 120)
        }

        private func undo(_ words: String) throws -> Program.Outcome {
            try shell("exec \(command) undo \(words) --store \(store)")
        }

        @Test("what the command did is taken back; it sees neither the store nor other sessions")
        func root() throws {
            let before = try UndoSnapshot(of: place)
            let outcome = try shell(
                "\(command) guard --undo --undo-store \(store) -- sh -c "
                    + "'echo 1 > a; rm -r d; mkdir n; mv a n; ls -A \(store); rm -rf \(store)/*'")
            #expect(outcome.output.isEmpty, "\(outcome)")
            #expect(outcome.errors.contains("take it back: \(command)") == false)
            #expect(
                outcome.errors.contains("take it back: bypassio undo revert --all"), "\(outcome)")
            let list = try undo("list")
            #expect(list.lines.count == 1, "\(list)")
            #expect(try undo("revert --all").code == 0)
            #expect(try UndoSnapshot(of: place).differences(from: before) == [])
        }

        @Test("nothing is kept, and nothing is said, where nothing was changed")
        func unchanged() throws {
            let outcome = try shell(
                "\(command) guard --undo --undo-store \(store) -- cat a")
            #expect(outcome.output == "one\n" && !outcome.errors.contains("undo"), "\(outcome)")
            #expect(try undo("list").output == "There are no sessions.\n")
        }

        @Test("a store that the command could change is refused")
        func within() throws {
            let outcome = try shell(
                "\(command) guard --undo --undo-store ./store -- true")
            #expect(outcome.code == 64 && outcome.errors.contains("lies in"), "\(outcome)")
            #expect(
                !FileManager.default.fileExists(atPath: "\(place)/store"),
                "what is refused is not made")
            #expect(try shell("\(command) guard --undo-space x -- true").code == 64)
        }

        @Test("a session that the command made up is trusted no further than the directory")
        func crafted() throws {
            // It copies its own journal from a session of another directory.
            let other = try folder.makeFolder("other")
            let outcome = try shell(
                """
                echo good > \(other)/file
                \(command) guard --undo --undo-store \(store) \(other) -- \
                sh -c 'echo bad > \(other)/file'
                mv \(store)/* \(folder.path)/crafted; cp -r \(folder.path)/crafted d/crafted
                \(command) guard --undo --undo-store \(store) -- \
                sh -c 'echo 1 > a; cp -r d/crafted \(store)/crafted'
                """)
            #expect(outcome.code == 0, "\(outcome)")
            let list = try undo("list")
            #expect(list.lines.count == 1 && !list.output.contains(other), "\(list)")
            let revert = try shell(
                "cd \(other); \(command) undo revert --all --store \(store)")
            #expect(revert.code == 66, "\(revert)")
        }

        /// How a line begins that a user runs; nil where a user has no namespaces. Root's guard
        /// does not run within a guard.
        private func user() throws -> String? {
            guard
                try shell(
                    "chown -R 1000:1000 . && setpriv --reuid 1000 --regid 1000 --clear-groups "
                        + "unshare --user true"
                ).code == 0
            else { return nil }
            let home = try folder.makeFolder("home", permissions: 0o777)
            return "setpriv --reuid 1000 --regid 1000 --clear-groups env -u XDG_STATE_HOME "
                + "-u XDG_RUNTIME_DIR HOME=\(home) "
        }

        @Test(
            "a guard in a guard, both at an end: the inner session is no conflict of the outer one",
            .enabled(if: Program.find("strace") != nil, "needs strace, which kills at a call"),
            arguments: [false, true])
        func innerFirst(isKilled: Bool) throws {
            guard let user = try user() else { return }
            let made = try shell(
                "mkdir e; for n in b c e/y e/z; do echo $n > $n; done; chown -R 1000:1000 .")
            #expect(made.code == 0, "\(made)")
            let before = try UndoSnapshot(of: place)
            let script = """
                echo outer > a; echo outer > n; echo outer > e/y; mkdir f; echo f > f/f; rm e/z
                \(command) guard --quiet --undo -- sh -c '
                echo inner > a; rm d/x n f/f; rm -r e; mv b c; echo inner > e; mkdir d/x; mv c g'
                """
            try Data(script.utf8).write(to: URL(fileURLWithPath: folder.path("script")))
            let outcome = try shell(
                user + "\(command) guard --quiet --undo -- sh \(folder.path("script"))")
            #expect(outcome.code == 0, "\(outcome)")
            let list = try shell(user + "\(command) undo list").lines
            let names = list.compactMap { $0.split(separator: " ").first }
            try #require(names.count == 2 && names[1].hasPrefix("\(names[0])/"), "\(list)")
            if isKilled {
                _ = try shell(
                    user + "strace -f -qq -o /dev/null -e inject=renameat2:signal=KILL:when=4 "
                        + "\(command) undo revert --all --session \(names[1])")
            }
            let inner = try shell(user + "\(command) undo revert --all --session \(names[1])")
            #expect(inner.code == 0, "\(inner)")
            let middle = try shell("cat a b c d/x e/y f/f n; ls e")
            #expect(middle.lines == ["outer", "b", "c", "x", "outer", "f", "outer", "y"])
            let outer = try shell(user + "\(command) undo revert --all --session \(names[0])")
            #expect(outer.code == 0, "\(outer)")
            #expect(try UndoSnapshot(of: place).differences(from: before) == [])
        }

        @Test("a guard in a guard: each takes back its own")
        func nested() throws {
            guard let user = try user() else { return }
            let before = try UndoSnapshot(of: place)
            let script = """
                echo outer > a
                \(command) guard --quiet --undo -- sh -c 'echo inner > a; echo new > n; rm d/x'
                cat a n
                \(command) undo list
                \(command) undo revert --all
                cat a d/x
                test -e n || echo gone
                """
            try Data(script.utf8).write(to: URL(fileURLWithPath: folder.path("script")))
            let outcome = try shell(
                user + "\(command) guard --quiet --undo -- sh \(folder.path("script"))")
            #expect(outcome.code == 0, "\(outcome)")
            let lines = outcome.lines
            #expect(lines.first == "inner" && lines.dropFirst().first == "new", "\(outcome)")
            #expect(lines.suffix(3) == ["outer", "x", "gone"], "\(outcome)")
            let revert = try shell(user + "\(command) undo revert --all")
            #expect(revert.code == 0, "\(revert)")
            #expect(try UndoSnapshot(of: place).differences(from: before) == [])
        }
    }
}
