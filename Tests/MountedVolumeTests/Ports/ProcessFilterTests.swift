import BypassIOProtocol
import CPosixCalls
import Foundation
import Testing

extension MountedVolume {
    /// Filters as processes, on a real mount.
    @Suite(.enabled(if: MountCommand.chosen.isOurs, "the filter is ours"))
    struct ProcessFilters {
        private static func bypassio(_ words: String...) throws -> Program.Outcome {
            try Program(try #require(BuiltPrograms.bypassio), words).run(within: 60)
        }

        /// With `a.secret`, `plain` and a folder `sub`.
        private struct Served {
            let folder: TestFolder
            let socket: String
            let mount: LiveMount

            init(_ settings: String = "", options: String = "") throws {
                folder = try TestFolder()
                socket = folder.path("volume.sock")
                mount = try LiveMount(
                    options: "allow_other,control=\(socket)\(options)",
                    filters: ["process\(settings)"]
                ) { source in
                    let made = try Program.shell(
                        "echo secret > a.secret; head -c 65536 /dev/zero > plain; mkdir sub",
                        in: source
                    ).run(within: 20)
                    guard made.code == 0 else { throw TestError("\(made)") }
                }
            }

            func shell(_ script: String) throws -> String {
                let outcome = try Program.shell(script, in: mount.mountpoint).run(within: 60)
                return outcome.output + outcome.errors
            }

            func settings() throws -> [String: String] {
                let answer = try ProcessFilters.bypassio(
                    "instances", "--json", "--socket", socket, mount.mountpoint)
                // The service is about to be replaced.
                guard answer.code == 0 else { return [:] }
                let reports = try JSONDecoder().decode(
                    [InstanceReport].self, from: Data(answer.output.utf8))
                return reports.first { $0.filter == "process" }?.settings ?? [:]
            }

            func events() throws -> String {
                try ProcessFilters.bypassio(
                    "events", "--json", "--socket", socket, mount.mountpoint
                ).output
            }

            /// Connects and registers.
            func program(
                _ name: String, _ operations: String, paths: String = #"["*"]"#
            ) throws -> PortProgram {
                let program = try PortProgram(socket, "process")
                try program.send(
                    #"{"id":1,"message":{"register":{"version":1,"name":"\#(name)","#
                        + #""operations":\#(operations),"paths":\#(paths)}}}"#)
                let answer = try program.line()
                #expect(answer == #"{"reply":1,"message":{"registered":"\#(name)"}}"#)
                return program
            }

            /// Answers each question until the connection ends.
            func answering(
                _ program: PortProgram, _ answer: @escaping @Sendable (String) -> String
            ) {
                Thread {
                    while let (number, text) = try? program.question() {
                        try? program.reply(number, answer(text))
                    }
                }.start()
            }
        }

        @Test("a program is told of what it registered for, and what it says is done")
        func decides() throws {
            let served = try Served()
            let program = try served.program(
                "guard",
                #"["open","create","write","rename","link","remove","change"]"#,
                paths: #"["*","!quiet*"]"#)
            let seen = Notes()
            served.answering(program) { text in
                seen.add(text)
                if text.contains("secret") { return #"{"answer":"deny","errno":"EROFS"}"# }
                return #"{"answer":"allow"}"#
            }
            #expect(try served.shell("cat a.secret").contains("Read-only file system"))
            #expect(try served.shell("mv plain b.secret").contains("Read-only"))
            #expect(
                try served.shell(
                    "cat plain > made; ln made linked; mv made moved; chmod 600 moved; rm moved; "
                        + "mkdir sub/new; echo x > quiet; cat quiet") == "x\n")
            let told = seen.all
            for operation in ["open", "create", "write", "rename", "link", "remove", "change"] {
                #expect(
                    told.contains { $0.contains(#""operation":"\#(operation)""#) }, "\(operation)")
            }
            #expect(told.contains { $0.contains(#""path":"sub/new""#) })
            #expect(
                told.contains {
                    $0.contains(#""newPath":"moved""#) && $0.contains(#""path":"made""#)
                })
            #expect(!told.contains { $0.contains("quiet") })
            #expect(told.allSatisfy { $0.contains(#""process":"#) && $0.contains(#""user":0"#) })
            let settings = try served.settings()
            #expect(settings["programs"] == "guard" && settings["denied"] == "2", "\(settings)")
            #expect(try served.events().contains("guard denied the open of a.secret"))
        }

        @Test(
            "with no program connected the setting decides; away=deny holds from the mount on",
            arguments: ["allow", "deny"])
        func away(setting: String) throws {
            let served = try Served(",away=\(setting)")
            #expect(
                try served.shell("cat a.secret").contains("Permission denied")
                    == (setting == "deny"))
            let program = try served.program("guard", #"["open"]"#, paths: #"["*.secret"]"#)
            served.answering(program) { _ in #"{"answer":"allow"}"# }
            #expect(try served.shell("cat a.secret; cmp plain plain") == "secret\n")
            program.end()
            while try served.settings()["programs"] == "guard" { usleep(10_000) }
            #expect(
                try served.shell("cat a.secret").contains("Permission denied")
                    == (setting == "deny"))
            #expect(try served.shell("cmp plain plain") == "", "what it did not register for")
        }

        @Test("a program that does not answer is not waited for, is told of, and is disconnected")
        func late() throws {
            let served = try Served(",timeout=50ms,away=allow")
            let program = try served.program("slow", #"["open"]"#, paths: #"["*.secret"]"#)
            for _ in 0..<8 { #expect(try served.shell("cat a.secret") == "secret\n") }
            while try served.settings()["programs"] != "none" { usleep(10_000) }
            var lines = 0
            while try program.line() != nil { lines += 1 }
            #expect(lines == 8)
            let events = try served.events()
            #expect(events.contains("slow did not answer in time"), "\(events)")
            #expect(events.contains("left too much unanswered"), "\(events)")
            #expect(try served.settings()["undecided"] == "8")
        }

        @Test("a program that answers nonsense is disconnected, and the setting decides")
        func nonsense() throws {
            let served = try Served(",away=deny")
            for answer in [#"{"answer":"maybe"}"#, #"{"answer":"deny","errno":"ENOSYS"}"#, "[]"] {
                let program = try served.program("odd", #"["open"]"#, paths: #"["*.secret"]"#)
                served.answering(program) { _ in answer }
                #expect(try served.shell("cat a.secret").contains("Permission denied"))
                while try served.settings()["programs"] != "odd (away)" { usleep(10_000) }
            }
            #expect(try served.events().contains("answered what is no answer"))
        }

        @Test("a registration that is none is refused in words")
        func refused() throws {
            let served = try Served()
            let program = try PortProgram(served.socket, "process")
            for (order, word) in [
                (#"{"version":2,"name":"a","operations":["open"]}"#, "version"),
                (#"{"version":1,"name":"","operations":["open"]}"#, "name"),
                (#"{"version":1,"name":"a","operations":[]}"#, "none"),
                (#"{"version":1,"name":"a","operations":["opne"]}"#, "opne"),
                (#"{"version":1,"name":"a","operations":["open"],"paths":["[x"]}"#, "[x"),
            ] {
                try program.send(#"{"id":1,"message":{"register":\#(order)}}"#)
                let said = try program.line() ?? ""
                #expect(said.contains("refused") && said.contains(word), "\(said)")
            }
            try program.send(#"{"id":2,"message":{"what":1}}"#)
            #expect(try program.line()?.contains("STATUS_INVALID_PARAMETER") == true)
            let first = try served.program("one", #"["open"]"#)
            try program.send(
                #"{"id":3,"message":{"register":{"version":1,"name":"one","operations":["open"]}}}"#
            )
            #expect(try program.line()?.contains("connected already") == true)
            withExtendedLifetime(first) {}
        }

        @Test(
            "settings that are none are told in words",
            arguments: [
                ("port=a/b", "letters and digits"), ("port=policy", "that filter's port"),
                ("timeout=0s", "500ms or 2s"), ("timeout=61s", "a minute"),
                ("away=maybe", "allow or deny"), ("command=x", "has no setting command"),
            ])
        func settings(setting: String, word: String) throws {
            let folder = try TestFolder()
            let outcome = try Self.bypassio(
                "mount", "--filter", "process,\(setting)", try folder.makeFolder("source"),
                try folder.makeFolder("mount"))
            #expect(outcome.code == 64 && outcome.errors.contains(word), "\(outcome)")
        }

        @Test("while a program watches reads its files do not bypass, others do; later all do")
        func bypass() throws {
            let served = try Served()
            let path = "\(served.mount.mountpoint)/plain"
            #expect(try Self.bypassio("state", path).code == 0)
            let program = try served.program("reader", #"["read"]"#, paths: #"["plain"]"#)
            served.answering(program) { _ in #"{"answer":"allow"}"# }
            let state = try Self.bypassio("state", path)
            #expect(state.code == 1, "\(state)")
            #expect(state.output.contains("The program reader watches its reads"), "\(state)")
            #expect(try Self.bypassio("state", "\(served.mount.mountpoint)/a.secret").code == 0)
            let read = "dd if=plain iflag=direct bs=4096 count=4 of=/dev/null status=none"
            #expect(try served.shell(read) == "")
            #expect(try served.settings()["allowed"] == "4")
            program.end()
            while try served.settings()["programs"] != "none" { usleep(10_000) }
            #expect(try Self.bypassio("state", path).code == 0)
            #expect(try served.shell(read) == "")
            #expect(try served.settings()["asked"] == "4")
        }

        @Test("two programs: each is asked about its own, and one that denies is enough")
        func two() throws {
            let served = try Served()
            let yes = try served.program("yes", #"["open"]"#)
            let no = try served.program("no", #"["open"]"#, paths: #"["*.secret"]"#)
            served.answering(yes) { _ in #"{"answer":"allow"}"# }
            served.answering(no) { _ in #"{"answer":"deny"}"# }
            #expect(try served.shell("cat a.secret").contains("Permission denied"))
            #expect(try served.shell("cmp plain plain") == "")
            no.end()
            while try served.settings()["programs"] != "yes" { usleep(10_000) }
            #expect(try served.shell("cat a.secret") == "secret\n")
        }

        @Test("more opens than threads wait for a program, and a detach lets them go")
        func detach() throws {
            let served = try Served(",timeout=60s")
            let program = try served.program("silent", #"["open"]"#, paths: #"["*.secret"]"#)
            let path = "\(served.mount.mountpoint)/a.secret"
            let readers = try (0..<24).map { _ in try RunningProgram(Program("/bin/cat", [path])) }
            while try served.settings()["waiting"] != "24" { usleep(10_000) }
            #expect(try served.shell("cmp plain plain") == "", "others are served meanwhile")
            readers[0].signal(SIGTERM)
            #expect(readers[0].wait(within: 60)?.code == -15)
            let gone = try Self.bypassio(
                "detach", "--socket", served.socket, "process", served.mount.mountpoint)
            #expect(gone.code == 0, "\(gone)")
            for reader in readers.dropFirst() {
                #expect(reader.wait(within: 60)?.output == "secret\n")
            }
            while try program.line() != nil {}
            #expect(throws: TestError.self) { try PortProgram(served.socket, "process") }
            let back = try Self.bypassio(
                "attach", "--socket", served.socket, "process", served.mount.mountpoint)
            #expect(back.code == 0, "\(back)")
            _ = try served.program("again", #"["open"]"#)
        }

        @Test(
            "a restart, or a death, disconnects programs; the new service takes them again",
            arguments: [false, true])
        func restarted(isDeath: Bool) throws {
            let served = try Served(",away=deny", options: isDeath ? ",recover" : "")
            let program = try served.program("guard", #"["read"]"#, paths: #"["*.secret"]"#)
            // Nothing of it is in the kernel's cache.
            let open = try RawFile("\(served.mount.mountpoint)/a.secret")
            if isDeath {
                try RecoveringMount(served.mount).killService()
                while try served.settings().isEmpty { usleep(10_000) }
            } else {
                let outcome = try Self.bypassio(
                    "restart", "--socket", served.socket, served.mount.mountpoint)
                #expect(outcome.code == 0, "\(outcome)")
            }
            while try program.line() != nil {}
            #expect(try served.settings()["programs"] == "guard (away)")
            #expect(try served.shell("cat a.secret").contains("Permission denied"))
            var byte: UInt8 = 0
            let count = unsafe call_pread(open.descriptor, &byte, 1, 0)
            #expect(count < 0, "what was open before the restart is denied, too")
            #expect(try served.shell("cmp plain plain") == "", "what it did not register for")
            let again = try served.program("guard", #"["open"]"#, paths: #"["*.secret"]"#)
            served.answering(again) { _ in #"{"answer":"allow"}"# }
            #expect(try served.shell("cat a.secret; cmp plain plain") == "secret\n")
        }
    }
}

/// Lines that threads add to.
final class Notes: @unchecked Sendable {
    private var lines: [String] = []
    private let lock = NSLock()

    func add(_ line: String) { lock.withLock { lines.append(line) } }
    var all: [String] { lock.withLock { lines } }
}
