import BypassIOProtocol
import CPosixCalls
import Foundation
import Testing

extension MountedVolume {
    /// Rules by the names of files, on a real mount and by the command.
    @Suite(.enabled(if: MountCommand.chosen.isOurs, "the filter is ours"))
    struct Policies {
        private static func bypassio(_ words: String...) throws -> Program.Outcome {
            try Program(try #require(BuiltPrograms.bypassio), words).run(within: 60)
        }

        /// With `.env`, a second link to it from before the mount, and `plain`.
        private static func mounted(
            _ profile: String, options: String = "allow_other", settings: String = "",
            in place: TestFolder? = nil
        ) throws -> LiveMount {
            let folder = try place ?? TestFolder()
            let file = "\(folder.path)/profile"
            try Data(profile.utf8).write(to: URL(fileURLWithPath: file))
            let mount = try LiveMount(
                options: options, filters: ["policy,profile=\(file)\(settings)"]
            ) { source in
                let made = try Program.shell(
                    "echo secret > .env; ln .env hard; ln -s .env soft; echo plain > plain; "
                        + "mkdir -p a/.ssh private; echo key > a/.ssh/id; echo p > private/p",
                    in: source
                ).run(within: 20)
                guard made.code == 0 else { throw TestError("\(made)") }
            }
            withExtendedLifetime(folder) {}
            return mount
        }

        private static func shell(_ script: String, _ mount: LiveMount) throws -> String {
            let outcome = try Program.shell(script, in: mount.mountpoint).run(within: 60)
            return outcome.output + outcome.errors
        }

        @Test(
            "a denied file is not read by any of its names, nor by the kernel's other ways to it",
            arguments: [
                "cat .env", "cat soft", "cat hard", "cat a/../.env", "cat a/.ssh/id",
                "exec 9< .env; cat <&9",
                "ln .env more && cat more", "mv .env other && cat other",
                "mv a/.ssh a/moved && cat a/moved/id", "ln -s a/.ssh way; cat way/id",
                "cp .env copy && cat copy", "tail -c 9 -f .env --pid=$$ & sleep 0.2; kill $!",
            ])
        func waysRound(script: String) throws {
            let mount = try Self.mounted("deny .env .ssh/\n")
            let said = try Self.shell(script, mount)
            #expect(said.contains("Permission denied"), "\(said)")
            #expect(!said.contains("secret") && !said.contains("key"), "\(said)")
            let source = try String(contentsOfFile: "\(mount.source)/.env", encoding: .utf8)
            #expect(source == "secret\n")
        }

        @Test("a rename that a rule lets pass takes the rule along")
        func renamed() throws {
            let mount = try Self.mounted("deny on=read .env .ssh/**\n")
            let said = try Self.shell(
                "mv .env other; cat other; mv a/.ssh a/moved; cat a/moved/id; "
                    + "mv a b; cat b/moved/id",
                mount)
            #expect(!said.contains("secret") && !said.contains("key"), "\(said)")
            #expect(said.split(separator: "\n").count == 3, "\(said)")
        }

        @Test(
            "a link keeps the rule of a name that the file has lost",
            arguments: ["rm .env", "mv plain .env"])
        func lostName(how: String) throws {
            let mount = try Self.mounted("deny on=read .env\n")
            let said = try Self.shell("ln .env later; \(how); cat later; cat hard", mount)
            #expect(!said.contains("secret"), "\(said)")
            #expect(said.split(separator: "\n").count == 2, "\(said)")
        }

        @Test("an O_PATH descriptor and a handle of a file lead to no open of it")
        func descriptors() throws {
            let mount = try Self.mounted("deny .env\n")
            let path = "\(mount.mountpoint)/.env"
            let place = Int32(unsafe call_open(path, call_open_flags.path, 0))
            #expect(place >= 0, "a place is no data")
            defer { call_close(place) }
            #expect(unsafe call_open("/proc/self/fd/\(place)", 0, 0) == -13)
            let handle = try KeptHandle(of: path)
            #expect(handle.error(at: mount.mountpoint) == -13)
            if KeptHandle.canDropCaches {
                _ = call_close(place)
                KeptHandle.dropCaches()
                #expect(handle.error(at: mount.mountpoint) == -13, "by its number alone")
            }
        }

        @Test("what is hidden is in no listing and cannot be found; other files are as ever")
        func hidden() throws {
            let mount = try Self.mounted("hide /private/ .env\n")
            #expect(try Self.shell("ls -A", mount) == "a\nhard\nplain\nsoft\n")
            #expect(try Self.shell("cat private/p", mount).contains("No such file"))
            #expect(try Self.shell("cat hard", mount).contains("Permission denied"))
            #expect(try Self.shell("cat plain", mount) == "plain\n")
        }

        @Test("events and why name the rule, its profile and its line, for a program")
        func told() throws {
            let mount = try Self.mounted("# keys\nallow .env program=/usr/bin/head\ndeny .env\n")
            let said = try Self.shell("head -n 1 .env; cat .env", mount)
            #expect(said.hasPrefix("secret\n") && said.contains("Permission denied"), "\(said)")
            let events = try Self.bypassio("events", "--json", mount.mountpoint)
            let denied = events.output.split(separator: "\n").first { $0.contains("\"denied\"") }
            #expect(denied?.contains("line 3: deny .env") == true, "\(events)")
            let path = "\(mount.mountpoint)/.env"
            let no = try Self.bypassio("why", path, "--as", "/usr/bin/cat")
            #expect(no.code == 1 && no.output.contains("line 3: deny .env"), "\(no)")
            let yes = try Self.bypassio("why", path, "--as", "/usr/bin/head")
            #expect(yes.code == 0 && yes.output.contains("line 2: allow .env"), "\(yes)")
        }

        @Test("a question holds the open and no worker; its answer comes by the command")
        func asked() throws {
            let mount = try Self.mounted("ask on=read plain\n", settings: ",timeout=600")
            let path = "\(mount.mountpoint)/plain"
            // More than the threads of a mount.
            let readers = try (0..<24).map { _ in
                try RunningProgram(Program("/bin/cat", [path]))
            }
            func questions() throws -> [QuestionReport] {
                let answer = try Self.bypassio("answer", "--json", mount.mountpoint)
                return try JSONDecoder().decode(
                    [QuestionReport].self, from: Data(answer.output.utf8))
            }
            while try questions().first?.waiting != 24 { usleep(10_000) }
            #expect(try Self.shell("cat hard", mount) == "secret\n", "others are served meanwhile")
            readers[0].signal(SIGTERM)
            #expect(readers[0].wait(within: 60)?.code == -15)
            let number = "\(try #require(questions().first).number)"
            let gone = try Self.bypassio("answer", mount.mountpoint, "999", "allow")
            #expect(gone.code == 66, "\(gone)")
            let never = try Self.bypassio("answer", mount.mountpoint, number, "allow", "--always")
            #expect(never.code == 1 && never.errors.contains("answers=FILE"), "\(never)")
            let yes = try Self.bypassio("answer", mount.mountpoint, number, "allow", "--session")
            #expect(yes.code == 0, "\(yes)")
            for reader in readers.dropFirst() {
                let outcome = reader.wait(within: 60)
                #expect(outcome?.code == 0 && outcome?.output == "plain\n", "\(outcome as Any)")
            }
            #expect(try Self.shell("cat plain", mount) == "plain\n", "for the session")
        }

        @Test("after a restart a moved file has its rule, answers hold, and questions are open")
        func restarted() throws {
            // A new service reads the profile again.
            let folder = try TestFolder()
            let mount = try Self.mounted(
                "ask on=read plain private/p\ndeny on=read .env\n", settings: ",timeout=600",
                in: folder)
            func restart() throws {
                let outcome = try Self.bypassio("restart", mount.mountpoint)
                #expect(outcome.code == 0, "\(outcome)")
            }
            func questions() throws -> [QuestionReport] {
                let answer = try Self.bypassio("answer", "--json", mount.mountpoint)
                return try JSONDecoder().decode(
                    [QuestionReport].self, from: Data(answer.output.utf8))
            }
            func answer(_ number: UInt64, _ words: String...) throws {
                let outcome = try Program(
                    try #require(BuiltPrograms.bypassio),
                    ["answer", mount.mountpoint, "\(number)", "allow"] + words
                ).run(within: 60)
                #expect(outcome.code == 0, "\(outcome)")
            }
            #expect(try Self.shell("mv .env other; cat other", mount).contains("denied"))
            let first = try RunningProgram(Program("/bin/cat", ["\(mount.mountpoint)/plain"]))
            while try questions().isEmpty { usleep(10_000) }
            try answer(UInt64(try #require(try questions().first).number), "--session")
            #expect(first.wait(within: 60)?.output == "plain\n")
            let second = try RunningProgram(
                Program("/bin/cat", ["\(mount.mountpoint)/private/p"]))
            while try questions().isEmpty { usleep(10_000) }
            let number = try #require(try questions().first).number
            for _ in 1...2 {
                try restart()
                #expect(try Self.shell("cat other", mount).contains("denied"))
                #expect(try Self.shell("cat hard", mount).contains("denied"))
                #expect(try Self.shell("cat plain", mount) == "plain\n", "for the session")
                while try questions().isEmpty { usleep(10_000) }
                #expect(try questions().map(\.number) == [number])
                #expect(second.isRunning)
            }
            try answer(UInt64(number))
            #expect(second.wait(within: 60)?.output == "p\n")
        }

        @Test("state and why on a denied file name the filter and the rule")
        func named() throws {
            let mount = try Self.mounted("allow plain\ndeny .env\n")
            for command in ["state", "why"] {
                let outcome = try Self.bypassio(command, "\(mount.mountpoint)/.env")
                #expect(outcome.code == 66, "\(outcome)")
                #expect(
                    outcome.errors.contains("the filter policy at altitude 385300 denies it"),
                    "\(outcome)")
                #expect(outcome.errors.contains("line 2: deny .env"), "\(outcome)")
                #expect(try Self.bypassio(command, "\(mount.mountpoint)/plain").code == 0)
            }
            // By its rights, and by no filter.
            let user = try Program.shell(
                "chmod 600 plain; setpriv --reuid=4711 --regid=4711 --clear-groups "
                    + "\(try #require(BuiltPrograms.bypassio)) state plain", in: mount.mountpoint
            ).run(within: 60)
            #expect(!user.errors.contains("the filter"), "\(user)")
        }

        @Test("a profile with a fault mounts nothing, and says where it is and what was expected")
        func faults() throws {
            let folder = try TestFolder()
            let file = "\(folder.path)/profile"
            try Data("allow a\ndeny b on=raed\n".utf8).write(to: URL(fileURLWithPath: file))
            let source = try folder.makeFolder("source")
            let place = try folder.makeFolder("place")
            let cases: [(String, Int32, String)] = [
                ("policy,profile=\(file)", 65, "line 2, column 8: on=raed is not understood"),
                ("policy,profile=\(file).not", 66, "cannot be read"),
                ("policy", 64, "policy,profile=FILE"),
                ("policy,profile=secrets,timeout=0", 64, "seconds from 1"),
            ]
            for (filter, code, words) in cases {
                let outcome = try Self.bypassio("mount", "--filter", filter, source, place)
                #expect(outcome.code == code && outcome.errors.contains(words), "\(outcome)")
            }
        }
    }
}
