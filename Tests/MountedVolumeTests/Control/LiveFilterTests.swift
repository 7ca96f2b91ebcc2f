import BypassIOClient
import BypassIOProtocol
import CPosixCalls
import Foundation
import Synchronization
import SystemPackage
import Testing

extension MountedVolume {
    /// Filters that come and go while the volume is in use, by the command.
    @Suite(.enabled(if: MountCommand.chosen.isOurs, "the control interface is ours"))
    struct LiveFilters {
        /// A mount with a file of sevens, by whose control interface the command works.
        private static func mounted(_ options: String = "allow_other") throws -> LiveMount {
            try LiveMount(options: options) { source in
                try Data(repeating: 7, count: 65536)
                    .write(to: URL(fileURLWithPath: "\(source)/file"))
            }
        }

        private static func bypassio(_ words: String...) throws -> Program.Outcome {
            try Program(try #require(BuiltPrograms.bypassio), words).run(within: 60)
        }

        private static func instances(_ mount: LiveMount) throws -> [InstanceReport] {
            let answer = try bypassio("instances", "--json", mount.mountpoint)
            return try JSONDecoder().decode(
                [InstanceReport].self, from: Data(answer.output.utf8))
        }

        /// Reads a file without end, and counts.
        private final class Load: Sendable {
            private let isOver = Atomic(false)
            let reads = Atomic(0)
            let failures = Atomic(0)

            /// Whether the threads end.
            func run(_ path: String, _ kind: KernelReader.Kind) -> OwnThread {
                OwnThread { [self] in
                    guard let reader = try? KernelReader(path, kind) else {
                        failures.wrappingAdd(1, ordering: .relaxed)
                        return
                    }
                    while !isOver.load(ordering: .relaxed) {
                        for page in 0..<16 where (try? reader.value(page: page)) != 7 {
                            failures.wrappingAdd(1, ordering: .relaxed)
                        }
                        reads.wrappingAdd(16, ordering: .relaxed)
                    }
                }
            }

            /// Until so many more reads were made.
            func awaitReads(_ count: Int) {
                let start = reads.load(ordering: .relaxed)
                while reads.load(ordering: .relaxed) < start + count,
                    failures.load(ordering: .relaxed) == 0
                { usleep(1000) }
            }

            func end() { isOver.store(true, ordering: .relaxed) }
        }

        @Test("filters come and go under load, and every read is right")
        func underLoad() throws {
            let mount = try Self.mounted()
            let load = Load()
            let threads = [KernelReader.Kind.directReader, .directReader, .reader].map {
                load.run("\(mount.mountpoint)/file", $0)
            }
            for _ in 0..<5 {
                #expect(try Self.bypassio("attach", "readaudit", mount.mountpoint).code == 0)
                load.awaitReads(64)
                let seen = try Self.instances(mount)
                #expect(seen.map(\.filter) == ["readaudit"] && seen[0].status.isEmpty)
                #expect(seen[0].preCallbacks > 0)
                #expect(try Self.bypassio("load", "noop=160100", mount.mountpoint).code == 0)
                #expect(try Self.instances(mount).count == 2)
                #expect(try Self.bypassio("unload", "noop-160100", mount.mountpoint).code == 0)
                #expect(try Self.bypassio("detach", "readaudit", mount.mountpoint).code == 0)
                #expect(try Self.instances(mount).isEmpty)
                let text = try Self.bypassio("filters", mount.mountpoint)
                #expect(text.lines.contains { $0.hasPrefix("readaudit ") }, "loaded: \(text)")
                #expect(try Self.bypassio("unload", "readaudit", mount.mountpoint).code == 0)
            }
            load.end()
            #expect(threads.allSatisfy { $0.join(within: 60) })
            #expect(load.failures.load(ordering: .relaxed) == 0)
        }

        @Test("a setting takes bypass from a handle that has it, and gives it back")
        func setting() throws {
            let mount = try Self.mounted()
            let path = "\(mount.mountpoint)/file"
            let reader = try KernelReader(path, .directReader)
            let client = BypassIOClient(FileDescriptor(rawValue: reader.descriptor))
            #expect(try client.manage(.enable).results?.status == .success)
            #expect(try Self.bypassio("attach", "readaudit", mount.mountpoint).code == 0)
            func seen() throws -> UInt64 {
                let before = try Self.instances(mount)[0].preCallbacks
                #expect(try reader.value() == 7)
                return try Self.instances(mount)[0].preCallbacks - before
            }
            #expect(try seen() == 0, "it knows BypassIO")
            let yes = try Self.bypassio("set", "readaudit", "every-read=yes", mount.mountpoint)
            #expect(yes.code == 0, "\(yes)")
            #expect(try seen() == 1)
            #expect(try Self.instances(mount)[0].settings == ["every-read": "yes"])
            let vetoed = try Self.bypassio("state", path)
            #expect(vetoed.code == 1 && vetoed.output.contains("readaudit"), "\(vetoed)")
            #expect(
                try Self.bypassio("set", "readaudit", "every-read=no", mount.mountpoint).code == 0)
            #expect(try seen() == 0)
            for (words, code) in [("records=5", 1), ("nosuch=5", 64), ("every-read=maybe", 64)] {
                #expect(
                    try Self.bypassio("set", "readaudit", words, mount.mountpoint).code == code)
            }
        }

        @Test("the list of filters that may attach is kept, and shown with what is attached")
        func allowed() throws {
            let mount = try Self.mounted("allow_other,filters_allowed=readaudit:noop")
            let refused = try Self.bypassio("attach", "accessheat", mount.mountpoint)
            #expect(refused.code == 77 && refused.output.isEmpty)
            #expect(refused.errors.contains("filters_allowed has readaudit, noop"))
            #expect(try Self.bypassio("attach", "noop", mount.mountpoint).code == 0)
            let text = try Self.bypassio("filters", mount.mountpoint)
            #expect(text.lines.contains("filters allowed to attach: readaudit, noop"))
            #expect(text.lines.contains("filters attached now: noop"))
            let folder = try TestFolder()
            let place = try folder.makeFolder("place")
            let none = try Self.bypassio(
                "mount", "-o", "filters_allowed=none", "--filter", "noop", mount.source, place)
            #expect(none.code == 64 && none.errors.contains("filters_allowed has none"))
            let unknown = try Self.bypassio(
                "mount", "-o", "filters_allowed=noop:nosuch", mount.source, place)
            #expect(unknown.code == 64 && unknown.errors.contains("nosuch"))
        }

        @Test("a filter that cannot come or go says why, and the mount serves")
        func refusals() throws {
            let mount = try Self.mounted()
            let place = mount.mountpoint
            #expect(try Self.bypassio("load", "readaudit=370500,records=10", place).code == 0)
            let cases: [([String], Int32, String)] = [
                (["load", "readaudit"], 1, "is loaded"),
                (["attach", "readaudit,records=5"], 1, "is loaded"),
                (["attach", "accessheat=370500"], 1, "there is readaudit already"),
                (["attach", "nosuch"], 64, "There is no filter nosuch"),
                (["attach", "accessheat=high"], 64, "no altitude"),
                (["attach", "readaudit,nosuch=1"], 64, "no setting nosuch"),
                (["detach", "accessheat"], 66, "No filter accessheat is attached"),
                (["unload", "accessheat"], 66, "No filter accessheat is loaded"),
                (["set", "accessheat", "a=b"], 66, "No filter accessheat is attached"),
            ]
            for (words, code, saying) in cases {
                let program = Program(try #require(BuiltPrograms.bypassio), words + [place])
                let outcome = try program.run(within: 60)
                #expect(outcome.code == code, "\(words): \(outcome)")
                #expect(outcome.errors.contains(saying), "\(words): \(outcome)")
                #expect(outcome.output.isEmpty)
            }
            #expect(try Self.instances(mount).map(\.altitude) == ["370500"])
            #expect(try Self.bypassio("attach", "readaudit=370600", place).code == 0)
            let several = try Self.bypassio("detach", "readaudit", place)
            #expect(several.code == 1 && several.errors.contains("readaudit - 370600"))
            #expect(try Self.bypassio("detach", "readaudit - 370600", place).code == 0)
            #expect(try KernelReader("\(place)/file").value() == 7)
        }

        @Test("two filters that refuse nobody show in fltmc's columns")
        func columns() throws {
            let mount = try LiveMount(options: "allow_other", filters: ["accessheat", "noop=12.5"])
            let instances = try Self.bypassio("instances", mount.mountpoint)
            #expect(
                instances.lines[1].split(separator: " ").map(\.count).prefix(3)
                    == [20, max(37, mount.source.count), 12])
            #expect(
                instances.lines.dropFirst(2).map { $0.prefix(10) } == ["accessheat", "noop-12.5 "])
            #expect(instances.lines.last?.contains("00000008") == true)
            let filters = try Self.bypassio("filters", mount.mountpoint)
            #expect(filters.output.contains("\(String(repeating: "-", count: 30))  -------------"))
            let volumes = try Self.bypassio("volumes")
            #expect(
                volumes.lines.contains {
                    $0.hasPrefix(mount.mountpoint) && $0.contains(mount.source)
                })
        }
    }
}
