import BypassIOProtocol
import CPosixCalls
import Foundation
import Testing

extension MountedVolume {
    /// The filter `audit` on a real mount, and the command that reads its file.
    @Suite(.enabled(if: MountCommand.chosen.isOurs, "the filter is ours"))
    struct Audits {
        private let folder: TestFolder
        private let trail: String

        init() throws {
            folder = try TestFolder()
            trail = folder.path("trail")
        }

        private func mounted(_ settings: String = "", others: [String] = []) throws -> LiveMount {
            try LiveMount(
                options: "allow_other,bypass=auto,auto_size=0",
                filters: ["audit,file=\(trail)\(settings)"] + others
            ) { source in
                for name in [".env", "data"] {
                    try Data(repeating: 7, count: 65_536)
                        .write(to: URL(fileURLWithPath: "\(source)/\(name)"))
                }
            }
        }

        private func bypassio(_ words: String...) throws -> Program.Outcome {
            try Program(try #require(BuiltPrograms.bypassio), words).run(within: 60)
        }

        private struct Record: Decodable {
            let n: UInt64
            let operation: String
            let path: String?
            let newPath: String?
            let result: String?
            let process: Int32?
            let program: String?
            let session: Int32?
            let readByKernel: Bool?
            let writes: UInt64?
        }

        /// Once `count` of an operation are there: they are written a moment later.
        private func records(
            of operation: String, _ count: Int, _ options: String...
        ) throws -> [Record] {
            for _ in 0..<500 {
                let outcome = try Program(
                    try #require(BuiltPrograms.bypassio), ["audit", trail, "--json"] + options
                ).run(within: 60)
                #expect(outcome.code == 0, "\(outcome)")
                let records = try outcome.lines.map {
                    try JSONDecoder().decode(Record.self, from: Data($0.utf8))
                }.filter { $0.operation == operation }
                if records.count >= count { return records }
                usleep(20_000)
            }
            throw TestError("no \(count) records of \(operation)")
        }

        @Test("programs, both names, what the kernel read itself, and what a rule refused")
        func told() throws {
            let mount = try mounted(others: ["policy,profile=secrets"])
            let shell = try Program.shell(
                "cat data > /dev/null; cat .env; mv data moved; echo x >> moved; mkdir d; rmdir d",
                in: mount.mountpoint
            ).run(within: 60)
            #expect(shell.errors.contains("Permission denied"), "\(shell)")
            _ = try records(of: "removeDirectory", 1)
            let closes = try records(of: "close", 2)
            #expect(closes[0].path == "data" && closes[0].readByKernel == true)
            #expect(closes[0].program?.hasSuffix("/cat") == true, "\(closes)")
            #expect(closes[1].path == "moved" && closes[1].writes == 1)
            let rename = try #require(try records(of: "rename", 1).first)
            #expect(rename.path == "data" && rename.newPath == "moved")
            #expect(rename.session == closes[0].session && rename.process != closes[0].process)
            let denied = try bypassio("audit", trail, "--denied")
            #expect(denied.lines.count == 1 && denied.output.contains(" open .env (r)"))
            let one = try bypassio("audit", trail, "--pid", "\(try #require(rename.process))")
            #expect(one.lines.count >= 1 && one.lines.allSatisfy { $0.contains("/mv (") })
            let check = try bypassio("audit", "verify", trail)
            #expect(check.code == 0 && check.output.contains("The chain holds."), "\(check)")
        }

        @Test("a record that was changed, left out or put in is found; a torn end is no fault")
        func verified() throws {
            do {
                let mount = try mounted()
                for _ in 0..<20 {
                    _ = try Data(contentsOf: URL(fileURLWithPath: "\(mount.mountpoint)/data"))
                }
                _ = try records(of: "close", 20)
            }
            let whole = try Data(contentsOf: URL(fileURLWithPath: trail))
            let lines = whole.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            func check(_ lines: [Data], _ options: String...) throws -> Program.Outcome {
                let file = folder.path("copy")
                try Data(lines.joined(separator: [UInt8(ascii: "\n")]))
                    .write(to: URL(fileURLWithPath: file))
                return try Program(
                    try #require(BuiltPrograms.bypassio), ["audit", "verify", file] + options
                ).run(within: 60)
            }
            let good = try check(lines)
            #expect(good.code == 0, "\(good)")
            let head = try #require(good.output.split(separator: " ").last { $0.count > 60 })
                .prefix(64)
            #expect(try check(lines, "--head", String(head)).code == 0)
            #expect(try check(Array(lines.dropLast(3)), "--head", String(head)).code == 1)
            var changed = lines
            changed[4] = Data(
                String(decoding: lines[4], as: UTF8.self).replacing("data", with: "dala").utf8)
            #expect(try check(changed).output.contains("line 5: does not follow"))
            var shorter = lines
            shorter.remove(at: 7)
            let missing = try check(shorter)
            #expect(missing.code == 1 && missing.output.contains("line 8: does not"), "\(missing)")
            var longer = lines
            longer.insert(lines[3], at: 3)
            #expect(try check(longer).code == 1)
            #expect(try check([Data("nothing".utf8)]).code == 1)
            // The service is killed within a line, and another goes on.
            try whole.dropLast(30).write(to: URL(fileURLWithPath: trail))
            do {
                let mount = try mounted()
                _ = try Data(contentsOf: URL(fileURLWithPath: "\(mount.mountpoint)/data"))
                #expect(try records(of: "resumed", 1).count == 1)
            }
            let torn = try bypassio("audit", "verify", trail)
            #expect(torn.code == 0 && torn.output.contains("torn"), "\(torn)")
        }

        @Test("numbers that end at the largest one end neither the service nor the check")
        func largestNumber() throws {
            let last =
                #"{"n":18446744073709551615,"time":"t","operation":"open","chain":""#
                + String(repeating: "0", count: 64) + "\"}\n"
            try Data(last.utf8).write(to: URL(fileURLWithPath: trail))
            let mount = try mounted()
            _ = try Data(contentsOf: URL(fileURLWithPath: "\(mount.mountpoint)/data"))
            #expect(try records(of: "open", 2).count == 2)
            let check = try bypassio("audit", "verify", trail)
            #expect(check.code == 1 && check.output.contains("line 1: does not"), "\(check)")
        }

        @Test(
            "of more chains at once than the check follows it says how many it left",
            .enabled(if: Program.find("python3") != nil, "needs python3"))
        func manyChains() throws {
            // As docs/audit.md has the chain.
            let script = """
                import hashlib, sys
                for trail in range(1030):
                    body = '{"n":1,"time":"t%d","operation":"begun"' % trail
                    print(body + ',"chain":"%s"}'
                          % hashlib.sha256(("0" * 64 + body).encode()).hexdigest())
                """
            let file = folder.path("make.py")
            try Data(script.utf8).write(to: URL(fileURLWithPath: file))
            let check = try Program.shell(
                "python3 \(file) | \(try #require(BuiltPrograms.bypassio)) audit verify -"
            ).run(within: 120)
            #expect(check.code == 0, "\(check.output.suffix(300))")
            #expect(
                check.output.contains("6 records of 6 chains held as far as they were followed"),
                "\(check.output.prefix(300))")
        }

        @Test("a full file makes room for the next, and the chain goes through them all")
        func rotated() throws {
            do {
                let mount = try mounted(",size=1,keep=2")
                for _ in 0..<4 {
                    let made = try Program.shell(
                        "for i in $(seq 1500); do : > f$i; done", in: mount.mountpoint
                    ).run(within: 120)
                    #expect(made.code == 0, "\(made)")
                }
            }
            let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
                .filter { $0.hasPrefix("trail") }.sorted()
            #expect(names == ["trail", "trail.1", "trail.2"])
            let check = try bypassio("audit", "verify", trail)
            #expect(check.code == 0, "\(check)")
            #expect(check.output.contains("records, from "), "\(check)")
            // From standard input, where the oldest file is kept no more; and where one is missing.
            let piped = "| \(try #require(BuiltPrograms.bypassio)) audit verify -"
            for files in ["trail.2 trail.1 trail", "trail.1 trail", "trail"] {
                let check = try Program.shell("cat \(files) \(piped)", in: folder.path)
                    .run(within: 60)
                #expect(check.code == 0, "\(files): \(check)")
            }
            let holed = try Program.shell("cat trail.2 trail \(piped)", in: folder.path)
                .run(within: 60)
            #expect(holed.code == 1 && holed.output.contains("what came before"), "\(holed)")
            try FileManager.default.removeItem(atPath: "\(trail).1")
            let gap = try bypassio("audit", "verify", trail)
            #expect(gap.code == 1 && gap.output.contains("does not follow"), "\(gap)")
            // What cannot be read is not taken for the end of a file.
            try FileManager.default.createDirectory(
                atPath: "\(trail).3", withIntermediateDirectories: false)
            let unread = try bypassio("audit", "verify", trail)
            #expect(unread.code == 66 && unread.errors.contains("cannot be read to"), "\(unread)")
        }

        @Test("a full file that cannot be renamed goes on growing, and the log says so once")
        func notRotated() throws {
            try Data().write(to: URL(fileURLWithPath: trail))
            // No call renames or removes a file that something is mounted on.
            try #require(unsafe call_mount_bind(trail, trail) == 0)
            defer { _ = unsafe call_umount(trail, 2) }
            let log = folder.path("log")
            do {
                let mount = try LiveMount(
                    options: "allow_other,log=\(log)",
                    filters: ["audit,file=\(trail),size=1,keep=2"])
                let made = try Program.shell(
                    "for i in $(seq 6000); do : > f$i; done", in: mount.mountpoint
                ).run(within: 120)
                #expect(made.code == 0, "\(made)")
                #expect(try !records(of: "create", 6000).isEmpty)
            }
            #expect(try Data(contentsOf: URL(fileURLWithPath: trail)).count > 1 << 20)
            let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            #expect(names.filter { $0.hasPrefix("trail") } == ["trail"])
            let complaints = try String(contentsOfFile: log, encoding: .utf8)
                .split(separator: "\n").filter { $0.contains("cannot be rotated") }
            #expect(complaints.count == 1, "\(complaints)")
            let check = try bypassio("audit", "verify", trail)
            #expect(check.code == 0, "\(check)")
        }

        @Test("it goes on over a restart, and two mounts may share a file")
        func shared() throws {
            let (first, second) = (try mounted(), try mounted())
            for mount in [first, second, first] {
                let restarted = try bypassio("restart", mount.mountpoint)
                #expect(restarted.code == 0, "\(restarted)")
                let made = try Program.shell(
                    "for i in 1 2 3 4 5; do cat data > /dev/null; done", in: mount.mountpoint
                ).run(within: 60)
                #expect(made.code == 0, "\(made)")
            }
            #expect(try records(of: "close", 15).count == 15)
            let check = try bypassio("audit", "verify", trail)
            #expect(check.code == 0, "\(check)")
        }

        @Test(
            "records that another program takes away are missed, and the log says so",
            arguments: [": > trail", "rm trail"])
        func takenAway(how: String) throws {
            let log = folder.path("log")
            let mount = try LiveMount(
                options: "allow_other,log=\(log)", filters: ["audit,file=\(trail)"])
            func make(_ name: String) throws {
                let made = try Program.shell(": > \(name)", in: mount.mountpoint).run(within: 20)
                #expect(made.code == 0, "\(made)")
                #expect(try !records(of: "close", 1, "--file", name).isEmpty)
            }
            try make("first")
            #expect(try Program.shell(how, in: folder.path).run(within: 20).code == 0)
            try make("second")
            let left = try records(of: "resumed", 1)
            #expect(left.count == 1 && left[0].n > 3, "\(left)")
            let check = try bypassio("audit", "verify", trail)
            #expect(check.output.contains("records, from \(left[0].n) of"), "\(check)")
        }

        @Test("a full disk takes no half record; what did not fit is counted once there is room")
        func full() throws {
            let disk = try folder.makeFolder("disk")
            let small = try Program.shell("mount -t tmpfs -o size=64k tmpfs \(disk)").run(
                within: 20)
            guard small.code == 0 else { return }
            defer { _ = try? Program.shell("umount -l \(disk)").run(within: 20) }
            let mount = try LiveMount(options: "allow_other", filters: ["audit,file=\(disk)/trail"])
            let many = try Program.shell(
                "for i in $(seq 400); do : > f$i; done", in: mount.mountpoint
            ).run(within: 60)
            #expect(many.code == 0, "\(many)")
            usleep(200_000)
            let full = try bypassio("audit", "verify", "\(disk)/trail")
            #expect(full.code == 0, "\(full)")
            let larger = try Program.shell(
                "mount -o remount,size=1m \(disk); : > \(mount.mountpoint)/x"
            )
            .run(within: 20)
            #expect(larger.code == 0, "\(larger)")
            var check = full
            for _ in 0..<200 where !check.output.contains("found no room") {
                usleep(20_000)
                check = try bypassio("audit", "verify", "\(disk)/trail")
            }
            #expect(check.code == 0 && check.output.contains("found no room"), "\(check)")
        }

        @Test("wrong settings, and a file that is none of its own, in words")
        func wrong() throws {
            let foreign = folder.path("foreign")
            try Data("mine\n".utf8).write(to: URL(fileURLWithPath: foreign))
            let cases: [(String, Int32, String)] = [
                ("audit", 64, "audit,file=FILE"),
                ("audit,file=\(trail),reads=some", 64, "write each or total"),
                ("audit,file=\(trail),keep=-1", 64, "from 0 to 1000"),
                ("audit,file=\(trail),include=", 64, "write a pattern"),
                ("audit,file=\(foreign)", 65, "is no audit of bypassio"),
                ("audit,file=/dev/full", 73, "no regular file"),
                ("audit,file=\(folder.path)/none/file", 73, "cannot be written"),
            ]
            let (source, place) = (try folder.makeFolder("source"), try folder.makeFolder("place"))
            for (filter, code, words) in cases {
                let outcome = try bypassio("mount", "--filter", filter, source, place)
                #expect(outcome.code == code && outcome.errors.contains(words), "\(outcome)")
            }
            #expect(try String(contentsOfFile: foreign, encoding: .utf8) == "mine\n")
            #expect(try bypassio("audit", folder.path("none")).code == 66)
            #expect(try bypassio("audit", foreign).code == 65)
            #expect(try bypassio("audit", foreign, "--operation", "opens").code == 64)
        }
    }
}
