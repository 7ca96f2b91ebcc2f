import BypassIOProtocol
import Foundation
import Testing

extension MountedVolume {
    /// Ports of filters, on a real mount and by the command.
    @Suite(.enabled(if: MountCommand.chosen.isOurs, "the ports are ours"))
    struct Ports {
        private static func bypassio(_ words: [String]) throws -> Program.Outcome {
            try Program(try #require(BuiltPrograms.bypassio), words).run(within: 60)
        }

        /// A mount whose rules ask about `plain`.
        private struct Served {
            let folder: TestFolder
            let socket: String
            let mount: LiveMount

            init() throws {
                folder = try TestFolder()
                socket = folder.path("volume.sock")
                let profile = folder.path("profile")
                try Data("ask on=read plain other\n".utf8).write(
                    to: URL(fileURLWithPath: profile))
                mount = try LiveMount(
                    options: "allow_other,control=\(socket)",
                    filters: ["policy,profile=\(profile),timeout=600"]
                ) { source in
                    for name in ["plain", "other"] {
                        try Data("\(name)\n".utf8).write(
                            to: URL(fileURLWithPath: "\(source)/\(name)"))
                    }
                }
            }

            func command(_ words: String...) throws -> Program.Outcome {
                try Ports.bypassio(words.prefix(1) + ["--socket", socket] + words.dropFirst())
            }

            func reader(_ name: String) throws -> RunningProgram {
                try RunningProgram(Program("/bin/cat", ["\(mount.mountpoint)/\(name)"]))
            }
        }

        @Test("the command lists ports, and says of one that is not there that it is not")
        func listed() throws {
            let served = try Served()
            let text = try served.command("ports", served.mount.mountpoint)
            #expect(
                text.code == 0 && text.output.hasPrefix("policy  filter policy, 0 of 16"), "\(text)"
            )
            let program = try PortProgram(served.socket, "policy")
            let json = try served.command("ports", "--json", served.mount.mountpoint)
            let ports = try JSONDecoder().decode([PortReport].self, from: Data(json.output.utf8))
            #expect(ports.map(\.name) == ["policy"] && ports.first?.connections == 1, "\(json)")
            let none = try served.command("ports", served.mount.mountpoint, "none")
            #expect(none.code == 66 && none.errors.contains("no port none"), "\(none)")
            withExtendedLifetime(program) {}
        }

        @Test("the command sends its input's lines, prints those that come, and ends with them")
        func talks() throws {
            let served = try Served()
            let command = try #require(BuiltPrograms.bypassio)
            let outcome = try Program.shell(
                #"printf '{"id":9,"message":{"number":1,"answer":"allow"}}\n' | '\#(command)' "#
                    + "ports --socket '\(served.socket)' '\(served.mount.mountpoint)' policy"
            ).run(within: 60)
            #expect(outcome.code == 0, "\(outcome)")
            #expect(outcome.lines.first?.contains(#""port":"policy""#) == true, "\(outcome)")
            #expect(
                outcome.lines.last?.contains(#""refused":"Nobody waits for it any more.""#) == true,
                "\(outcome)")
        }

        @Test("another user may neither list nor connect")
        func otherUser() throws {
            let served = try Served()
            guard let setpriv = Program.find("setpriv") else { return }
            let command = try #require(BuiltPrograms.bypassio)
            for port in [[], ["policy"]] {
                let outcome = try Program(
                    setpriv,
                    [
                        "--reuid=65534", "--regid=65534", "--clear-groups", command, "ports",
                        "--socket", served.socket, served.mount.mountpoint,
                    ] + port
                ).run(within: 60)
                #expect(outcome.code != 0 && outcome.output.isEmpty, "\(outcome)")
            }
        }

        @Test("a question goes to each program, the first answer counts, and the others are told")
        func asked() throws {
            let served = try Served()
            let first = try PortProgram(served.socket, "policy")
            let second = try PortProgram(served.socket, "policy")
            let reader = try served.reader("plain")
            let asked = try #require(try first.question())
            #expect(
                asked.text.contains(#""path":"plain""#)
                    && asked.text.contains(#""rule":"ask on=read plain other""#), "\(asked)")
            let same = try #require(try second.question())
            try first.reply(asked.number, #"{"answer":"allow"}"#)
            let outcome = reader.wait(within: 60)
            #expect(outcome?.code == 0 && outcome?.output == "plain\n", "\(outcome as Any)")
            #expect(try second.line()?.contains(#""settled":"#) == true)
            try second.reply(same.number, #"{"answer":"deny"}"#)
            #expect(try second.line()?.contains("Nobody waits") == true)
        }

        @Test("a program that comes late gets what waits; an answer holds for the session")
        func late() throws {
            let served = try Served()
            let reader = try served.reader("plain")
            while try served.command("answer", "--json", served.mount.mountpoint).output
                .contains("plain") == false
            { usleep(10_000) }
            let program = try PortProgram(served.socket, "policy")
            let asked = try #require(try program.question())
            try program.reply(asked.number, #"{"answer":"maybe"}"#)
            var said = try program.line() ?? ""
            #expect(said.contains(#""refused":"#), "\(said)")
            let digits = said.split(separator: #""number":"#).last?.prefix(while: \.isNumber) ?? ""
            try program.send(
                #"{"id":5,"message":{"number":\#(digits),"answer":"deny","scope":"always"}}"#)
            said = try program.line() ?? ""
            #expect(said.contains("There is no file for answers"), "\(said)")
            try program.send(
                #"{"id":6,"message":{"number":\#(digits),"answer":"deny","scope":"session"}}"#)
            while let line = try program.line(), !line.contains(#""reply":6"#) { said = line }
            #expect(reader.wait(within: 60)?.code == 1)
            #expect(try served.reader("plain").wait(within: 60)?.code == 1, "for the session")
        }

        @Test("who floods, sends halves, or nothing but noise harms its own connection alone")
        func hostile() throws {
            let served = try Served()
            let flood = try PortProgram(served.socket, "policy")
            let sender = Thread {
                // Nothing is read, so the service stops taking.
                let line = #"{"id":1,"message":{"number":999,"answer":"deny"}}"#
                while (try? flood.send(line)) != nil {}
            }
            sender.start()
            for noise in ["\u{0}", "}{", String(repeating: "x", count: 70_000)] {
                let program = try PortProgram(served.socket, "policy")
                try? program.send(noise)
                while try program.line() != nil {}
            }
            let half = try PortProgram(served.socket, "policy")
            try half.send(#"{"id":1,"#, end: "")
            let program = try PortProgram(served.socket, "policy")
            let reader = try served.reader("other")
            let asked = try #require(try program.question())
            try program.reply(asked.number, #"{"answer":"allow"}"#)
            #expect(reader.wait(within: 60)?.output == "other\n")
            // The port's own limit.
            var programs: [PortProgram] = []
            while programs.count < 20, let one = try? PortProgram(served.socket, "policy") {
                programs.append(one)
            }
            #expect(programs.count < 16)
            #expect(try served.command("ports", served.mount.mountpoint).code == 0)
            flood.end()
        }

        @Test("a thousand programs come and go, and leave nothing behind")
        func many() throws {
            let served = try Served()
            var taken = 0
            while taken < 1000 {
                // The places of those before may not be free yet.
                if (try? PortProgram(served.socket, "policy")) != nil { taken += 1 }
            }
            while true {
                let json = try served.command("ports", "--json", served.mount.mountpoint)
                let ports = try JSONDecoder().decode(
                    [PortReport].self, from: Data(json.output.utf8))
                if ports.first?.connections == 0 { break }
                usleep(10_000)
            }
            // Threads of links end with them.
            let tasks = "/proc/\(served.mount.serviceIdentifier)/task"
            while true {
                let names = try FileManager.default.contentsOfDirectory(atPath: tasks).compactMap {
                    try? String(contentsOfFile: "\(tasks)/\($0)/comm", encoding: .utf8)
                }
                if !names.contains(where: { $0.hasPrefix("port ") }) { break }
                usleep(10_000)
            }
        }
    }
}
