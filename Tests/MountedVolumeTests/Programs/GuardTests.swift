import CPosixCalls
import Foundation
import Testing

extension MountedVolume {
    /// `bypassio guard`, as root and as another user.
    @Suite(.enabled(if: MountCommand.chosen.isOurs, "the command is ours"))
    struct Guards {
        private let folder: TestFolder
        private let place: String

        init() throws {
            folder = try TestFolder()
            place = try folder.makeFolder("place")
            let made = try Program.shell(
                "mkdir sub; echo secret > .env; echo plain > plain; chmod -R a+rwX .", in: place
            ).run(within: 20)
            guard made.code == 0 else { throw TestError("\(made)") }
        }

        private func bypassio(_ words: String...) throws -> Program.Outcome {
            let command = try #require(BuiltPrograms.bypassio)
            return try Program.shell(
                "exec \(command) " + words.map { "'\($0)'" }.joined(separator: " "), in: place
            ).run(within: 120)
        }

        @Test("the command sees its directory through the rules, and nobody else does")
        func root() throws {
            let outcome = try bypassio(
                "guard", "--", "sh", "-c",
                "pwd; cat plain; cat .env; echo new > new; umount . ; cat .env; exit 7")
            #expect(outcome.code == 7, "\(outcome)")
            #expect(outcome.output == "\(place)\nplain\n", "\(outcome)")
            #expect(outcome.errors.contains("denied: 1"), "\(outcome)")
            #expect(outcome.errors.contains("the read of .env (secrets, line 3"), "\(outcome)")
            #expect(try String(contentsOfFile: "\(place)/new", encoding: .utf8) == "new\n")
            #expect(try String(contentsOfFile: "\(place)/.env", encoding: .utf8) == "secret\n")
            #expect(MountTable.fileSystem(at: place) == nil)
        }

        @Test("codes of commands that do not run, are killed, or stand behind wrong words")
        func codes() throws {
            #expect(try bypassio("guard", "--quiet", "--", "nosuch").code == 127)
            let command = try #require(BuiltPrograms.bypassio)
            let ignoring = try Program.shell(
                "exec env --ignore-signal=CHLD \(command) guard --quiet -- sh -c 'exit 7'",
                in: place
            ).run(within: 120)
            #expect(ignoring.code == 7, "\(ignoring)")
            #expect(try bypassio("guard", "--quiet", "--", "sh", "-c", "kill -9 $$").code == 137)
            #expect(
                try bypassio("guard", "--quiet", "--profile", "readonly", "--", "touch", "a")
                    .code == 1)
            let cases: [([String], Int32, String)] = [
                (["guard"], 64, "No command"),
                (["guard", "/", "--", "true"], 64, "root directory"),
                (["guard", ".", "sub", "--", "true"], 64, "name the outer one"),
                (["guard", "plain", "--", "true"], 66, "name a directory"),
                (["guard", "/proc", "--", "true"], 64, "no directory of /proc"),
                (["guard", "/tmp", "--", "true"], 64, "would contain itself"),
                (
                    ["guard", "--profile", "plain", "--", "true"], 65,
                    "line 1, column 1: plain is no"
                ),
            ]
            for (words, code, text) in cases {
                let outcome = try Program.shell(
                    "exec \(try #require(BuiltPrograms.bypassio)) "
                        + words.joined(separator: " "), in: place
                ).run(within: 60)
                #expect(outcome.code == code && outcome.errors.contains(text), "\(outcome)")
            }
        }

        @Test("a dry run explains each operation, and warns of patterns that no file meets")
        func dryRun() throws {
            try Data("deny *.pemm\nread-only plain\n".utf8)
                .write(to: URL(fileURLWithPath: "\(folder.path)/rules"))
            let outcome = try bypassio(
                "guard", "--profile", "\(folder.path)/rules", "--dry-run", "plain")
            #expect(outcome.code == 0, "\(outcome)")
            #expect(outcome.output.contains("  write: read-only, by"), "\(outcome)")
            #expect(outcome.output.contains("  read: allow, by"), "\(outcome)")
            #expect(outcome.errors.contains("line 1, column 6: no file meets *.pemm"), "\(outcome)")
        }

        @Test("when the guard is killed, what it left running gets errors, not unfiltered files")
        func killed() throws {
            let command = try #require(BuiltPrograms.bypassio)
            let script =
                "\(command) guard --quiet -- sh -c 'touch begun; while test -e begun; do sleep 0.1; "
                + "done; cat .env plain; touch \(folder.path)/over' & echo $! > \(folder.path)/guard; "
                + "wait; while ! test -e \(folder.path)/over; do sleep 0.1; done"
            let running = try RunningProgram(Program.shell(script, in: place))
            while !FileManager.default.fileExists(atPath: "\(place)/begun") { usleep(10_000) }
            let text = try String(contentsOfFile: "\(folder.path)/guard", encoding: .utf8)
            let process = try #require(Int32(text.trimmingCharacters(in: .whitespacesAndNewlines)))
            kill(process, SIGKILL)
            let outcome = try #require(running.wait(within: 60))
            #expect(!outcome.output.contains("secret"), "\(outcome)")
            #expect(!outcome.output.contains("plain"), "\(outcome)")
        }

        /// A guard whose command says in the file `begun` that it runs, and then runs `script`.
        private func begun(_ script: String, options: String = "--quiet") throws -> RunningProgram {
            let command = try #require(BuiltPrograms.bypassio)
            let running = try RunningProgram(
                Program.shell(
                    "exec \(command) guard \(options) -- sh -c 'touch begun; \(script)'", in: place)
            )
            while !FileManager.default.fileExists(atPath: "\(place)/begun") {
                try #require(running.isRunning, "\(running.errorsSoFar)")
                usleep(10_000)
            }
            return running
        }

        @Test("SIGTERM and SIGHUP are for the command; the guard ends with it, and leaves nothing")
        func signals() throws {
            for (signal, name) in [(SIGTERM, "TERM"), (SIGHUP, "HUP")] {
                try? FileManager.default.removeItem(atPath: "\(place)/begun")
                let running = try begun(
                    "trap \"echo got; exit 9\" \(name); echo trapping; "
                        + "while true; do sleep 0.05; done")
                while !running.outputSoFar.contains("trapping") { usleep(10_000) }
                running.signal(signal)
                let outcome = try #require(running.wait(within: 60))
                #expect(outcome.code == 9 && outcome.output.contains("got"), "\(outcome)")
            }
        }

        @Test("a second guard of a directory has its own rules and its own interface")
        func second() throws {
            try Data("deny plain\n".utf8).write(to: URL(fileURLWithPath: "\(folder.path)/rules"))
            let first = try begun(
                "cat plain > made; cat .env; while test -e begun; do sleep 0.05; done; cat .env")
            while !first.errorsSoFar.contains("denied") { usleep(10_000) }
            var shown = try bypassio("guard", "--show")
            while !shown.output.contains("created: 2") {
                try #require(shown.code == 0, "\(shown)")
                shown = try bypassio("guard", "--show", ".")
            }
            #expect(shown.output.hasPrefix("guard: \(place)\n"), "\(shown)")
            #expect(shown.output.contains("denied: 1") && shown.output.contains("    made\n"))
            let outcome = try bypassio(
                "guard", "--profile", "\(folder.path)/rules", "--", "cat", "plain", ".env")
            #expect(outcome.code == 1 && outcome.output == "secret\n", "\(outcome)")
            let line = try #require(
                outcome.errors.split(separator: "\n").first { $0.contains("--socket ") })
            #expect(line.hasSuffix("~2.sock"), "\(line)")
            #expect(outcome.errors.contains("denied: 1"), "\(outcome)")
            try FileManager.default.removeItem(atPath: "\(place)/begun")
            let ended = try #require(first.wait(within: 60))
            #expect(ended.code == 1 && !ended.output.contains("secret"), "\(ended)")
        }

        @Test("directories that the service itself uses, that are mounts, and several at once")
        func places() throws {
            let devices = try bypassio(
                "guard", "--quiet", "/dev", "--", "sh", "-c", "head -c 3 /dev/zero | wc -c")
            #expect(devices.code == 0 && devices.output == "3\n", "\(devices)")
            let other = try folder.makeFolder("other")
            let made = try Program.shell(
                "mount -t tmpfs tmpfs \(other) && echo inside > \(other)/file "
                    + "&& echo secret > \(other)/.env"
            ).run(within: 20)
            #expect(made.code == 0, "\(made)")
            defer { _ = try? Program.shell("umount \(other)").run(within: 20) }
            let processes = try folder.makeFolder("processes")
            let mounted = try Program.shell("mount -t proc proc \(processes)").run(within: 20)
            defer { _ = try? Program.shell("umount \(processes)").run(within: 20) }
            let refused = try bypassio("guard", processes, "--", "true")
            #expect(mounted.code == 0 && refused.code == 64, "\(refused)")
            let both = try bypassio(
                "guard", ".", other, "--", "cat", "plain", "\(other)/file", ".env",
                "\(other)/.env")
            #expect(both.code == 1 && both.output == "plain\ninside\n", "\(both)")
            #expect(both.errors.contains("guard: \(place)\n"), "\(both)")
            #expect(both.errors.contains("guard: \(other)\n"), "\(both)")
        }

        @Test("the screen names each file once, as it is afterwards")
        func screen() throws {
            let record = "\(folder.path)/record"
            func lines(_ script: String) throws -> [String] {
                let outcome = try bypassio("guard", "--record", record, "--", "sh", "-c", script)
                #expect(outcome.code == 0, "\(outcome)")
                return outcome.errors.split(separator: "\n").map {
                    $0.trimmingCharacters(in: .whitespaces)
                }
            }
            let first = try lines(
                "echo a > made.tmp; mv made.tmp made; echo b > made.tmp; mv made.tmp made; "
                    + "exec 3> open; rm open; echo c >&3; exec 3>&-; echo d >> plain; chmod 600 plain; "
                    + "echo e > kept; mv kept named; rmdir sub")
            func part(_ title: String, _ lines: [String]) -> [String] {
                guard let place = lines.firstIndex(where: { $0.hasPrefix("\(title): ") }) else {
                    return []
                }
                let count = lines[place].split(separator: " ").last.flatMap { Int($0) } ?? 0
                return Array(lines[(place + 1)...].prefix(count))
            }
            #expect(part("written", first) == ["plain"], "\(first)")
            #expect(part("created", first) == ["made", "named"], "\(first)")
            #expect(part("removed", first) == ["sub"], "\(first)")
            #expect(part("renamed", first).isEmpty, "\(first)")
            #expect(part("changed in rights or attributes", first) == ["plain"], "\(first)")
            let second = try lines("mv named other")
            #expect(part("renamed", second) == ["named → other"], "\(second)")
            #expect(part("created", second).isEmpty, "what an earlier guard wrote down: \(second)")
            #expect(!second.contains { $0.contains("cut or replaced") }, "\(second)")
            let cut = try lines("sleep 0.1; : > \(record); touch last; sleep 0.1")
            #expect(cut.contains { $0.contains("was cut by another program") }, "\(cut)")
        }

        @Test("the command cannot answer questions about itself, nor take the filter away")
        func interface() throws {
            try Data("ask plain\n".utf8).write(to: URL(fileURLWithPath: "\(folder.path)/rules"))
            let command = try #require(BuiltPrograms.bypassio)
            let outcome = try bypassio(
                "guard", "--quiet", "--timeout", "1", "--profile", "\(folder.path)/rules", "--",
                "sh", "-c",
                "cat plain & \(command) answer . 1 allow; ls /run/bypassio; "
                    + "for s in /run/bypassio/*; do \(command) answer --socket $s . 1 allow; "
                    + "\(command) detach --socket $s policy .; done; wait; cat plain")
            #expect(outcome.code == 1 && outcome.output.isEmpty, "\(outcome)")
        }

        @Test("root's guard within a guard is refused, in words")
        func nested() throws {
            let command = try #require(BuiltPrograms.bypassio)
            let outcome = try bypassio(
                "guard", "--quiet", "--", command, "guard", "sub", "--", "true")
            #expect(
                outcome.code == 69 && outcome.errors.contains("sub cannot be guarded"), "\(outcome)"
            )
        }

        @Test("what the service says of a directory that cannot be guarded has one name before it")
        func refused() throws {
            let temporary = "\(place)/temporary"
            let command = try #require(BuiltPrograms.bypassio)
            let outcome = try Program.shell(
                "mkdir temporary; TMPDIR=\(temporary) exec \(command) guard --quiet . -- true",
                in: place
            ).run(within: 60)
            #expect(outcome.code == 64, "\(outcome)")
            #expect(outcome.errors.hasPrefix("bypassio: \(place) cannot be guarded: The mount"))
            #expect(outcome.errors.components(separatedBy: "bypassio: ").count == 2, "\(outcome)")
        }

        @Test(
            "a folder that a killed guard left is removed by the next, a guard's that runs is not")
        func swept() throws {
            let temporary = try folder.makeFolder("temporary")
            let command = try #require(BuiltPrograms.bypassio)
            let running = try RunningProgram(
                Program.shell(
                    "TMPDIR=\(temporary) exec \(command) guard --quiet -- "
                        + "sh -c 'touch begun; while test -e begun; do sleep 0.05; done'", in: place
                ))
            while !FileManager.default.fileExists(atPath: "\(place)/begun") { usleep(10_000) }
            let live = try FileManager.default.contentsOfDirectory(atPath: temporary)
            #expect(live.count == 1)
            let old = "\(temporary)/bypassio-guard-old/0/mount"
            let made = try Program.shell(
                "mkdir -p \(old) && touch -d '-1 hour' \(temporary)/*"
            ).run(within: 20)
            #expect(made.code == 0, "\(made)")
            let next = try Program.shell(
                "TMPDIR=\(temporary) exec \(command) guard --quiet sub -- true", in: place
            ).run(within: 60)
            #expect(next.code == 0, "\(next)")
            #expect(try FileManager.default.contentsOfDirectory(atPath: temporary) == live)
            try FileManager.default.removeItem(atPath: "\(place)/begun")
            #expect(running.wait(within: 60)?.code == 0)
            #expect(try FileManager.default.contentsOfDirectory(atPath: temporary) == [])
        }

        @Test("a user has the same in a user namespace, and cannot take the mount away")
        func user() throws {
            let command = try #require(BuiltPrograms.bypassio)
            let allowed = try Program.shell(
                "setpriv --reuid=1000 --regid=1000 --clear-groups "
                    + "sh -c 'unshare --user --map-root-user true && test -x \(command)'"
            ).run(within: 20)
            guard allowed.code == 0 else { return }
            let given = try Program.shell(
                "mkdir ../out; chown -R 1000:1000 . ../out; chmod o+x ..", in: place
            )
            .run(within: 20)
            #expect(given.code == 0, "\(given)")
            let outcome = try Program.shell(
                "exec setpriv --reuid=1000 --regid=1000 --clear-groups env -u XDG_RUNTIME_DIR "
                    + "HOME=/nonexistent \(command) guard -- sh -c 'id -u; cat plain; cat .env; "
                    + "echo new > new; unshare -Ur umount .; cat .env; exit 3'", in: place
            ).run(within: 120)
            #expect(outcome.code == 3, "\(outcome)")
            #expect(outcome.output == "1000\nplain\n", "\(outcome)")
            #expect(try String(contentsOfFile: "\(place)/new", encoding: .utf8) == "new\n")
            // Rules and records know the user by his own number.
            try Data("deny user=1000 plain\n".utf8)
                .write(to: URL(fileURLWithPath: "\(place)/profile"))
            let denied = try Program.shell(
                "exec setpriv --reuid=1000 --regid=1000 --clear-groups env -u XDG_RUNTIME_DIR "
                    + "HOME=/nonexistent \(command) guard --profile profile --record ../out/record -- "
                    + "cat plain", in: place
            ).run(within: 120)
            #expect(denied.code == 1 && denied.output == "", "\(denied)")
            let record = try Program(command, ["audit", "\(place)/../out/record", "--denied"])
                .run(within: 20)
            #expect(record.output.hasSuffix(", user 1000\n"), "\(record)")
        }
    }
}
