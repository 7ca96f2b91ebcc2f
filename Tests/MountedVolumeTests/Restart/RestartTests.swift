import BypassIOClient
import BypassIOProtocol
import CPosixCalls
import Foundation
import Synchronization
import SystemPackage
import Testing

extension MountedVolume {
    /// A new service for a mount in use, by the command.
    @Suite(.enabled(if: MountCommand.chosen.isOurs, "the service is ours"))
    struct Restarts {
        private static func bypassio(_ words: String...) throws -> Program.Outcome {
            try Program(try #require(BuiltPrograms.bypassio), words).run(within: 120)
        }

        private static func mounted(
            _ options: String = "allow_other", _ filters: [String] = []
        ) throws -> LiveMount {
            try LiveMount(options: options, filters: filters) { source in
                try Data(repeating: 7, count: 65536)
                    .write(to: URL(fileURLWithPath: "\(source)/file"))
                try Data().write(to: URL(fileURLWithPath: "\(source)/lock"))
            }
        }

        private static func restart(_ mount: LiveMount) throws {
            let outcome = try bypassio("restart", mount.mountpoint)
            #expect(outcome.code == 0, "\(outcome)")
        }

        /// Expects that the service refuses, and goes on.
        private static func expectRefusal(_ mount: LiveMount, saying words: String) throws {
            let outcome = try bypassio("restart", mount.mountpoint)
            #expect(outcome.code == 1 && outcome.errors.contains(words), "\(outcome)")
            #expect(mount.serviceIsRunning)
            #expect(try KernelReader("\(mount.mountpoint)/file").value() == 7)
        }

        private static func instances(_ mount: LiveMount) throws -> [InstanceReport] {
            let answer = try bypassio("instances", "--json", mount.mountpoint)
            return try JSONDecoder().decode(
                [InstanceReport].self, from: Data(answer.output.utf8))
        }

        @Test("open files, locks, mappings and directories are there after each of three restarts")
        func openFiles() throws {
            let mount = try Self.mounted()
            let files = try FilesInUse(in: mount.mountpoint)
            for round in 1...3 {
                try Self.restart(mount)
                try files.check(mark: UInt8(64 + round))
            }
            let source = try Data(contentsOf: URL(fileURLWithPath: "\(mount.source)/plain"))
            #expect(source.first == 67)
        }

        @Test("a handle keeps its bypass, and a paused file its pause")
        func bypass() throws {
            let mount = try Self.mounted()
            let reader = try KernelReader("\(mount.mountpoint)/file", .directReader)
            let client = BypassIOClient(FileDescriptor(rawValue: reader.descriptor))
            #expect(try client.manage(.enable).results?.status == .success)
            try Self.restart(mount)
            func line() throws -> String {
                try Self.bypassio("filters", "--json", mount.mountpoint).output
            }
            #expect(try reader.value() == 7)
            let bypassed = try line()
            #expect(bypassed.contains("\"fullBypass\":1"), "\(bypassed.prefix(1500))")
            _ = try client.manage(.streamPause)
            try Self.restart(mount)
            #expect(try reader.value() == 7)
            let paused = try line()
            #expect(!paused.contains("\"fullBypass\":1"), "\(paused.prefix(1500))")
            #expect(try client.manage(.streamResume).results?.status == .success)
            #expect(try reader.value() == 7)
            #expect(try line().contains("\"fullBypass\":1"))
        }

        @Test("filters come back with the altitudes and settings that they have now")
        func filters() throws {
            let mount = try Self.mounted(
                "allow_other", ["readaudit=370200,records=10", "noop=160100", "noop=160101"])
            #expect(
                try Self.bypassio("set", "readaudit", "every-read=yes", mount.mountpoint).code == 0)
            #expect(
                try Self.bypassio("attach", "accessheat", mount.mountpoint).code == 0)
            #expect(try Self.bypassio("detach", "noop-160100", mount.mountpoint).code == 0)
            let before = try Self.instances(mount)
            #expect(before.count == 3)
            try Self.restart(mount)
            let after = try Self.instances(mount)
            #expect(after.map(\.instance) == before.map(\.instance))
            #expect(after.map(\.settings) == before.map(\.settings))
            let state = try Self.bypassio("state", "\(mount.mountpoint)/file")
            #expect(state.code == 1 && state.output.contains("readaudit"), "\(state)")
        }

        @Test("a read that a filter keeps is sent again to the new service, and done once")
        func pendedRead() throws {
            let mount = try Self.mounted("allow_other", ["fault,rule=file;read;hang;name=kept"])
            let path = "\(mount.mountpoint)/file"
            let reader = try RunningProgram(
                Program.shell("exec dd if='\(path)' iflag=direct bs=4096 count=1 2>/dev/null"))
            func awaitHeld() throws {
                while try !Self.instances(mount).flatMap(\.settings.values).contains(where: {
                    $0.hasSuffix("holds 1)")
                }) { usleep(10_000) }
            }
            try awaitHeld()
            try Self.restart(mount)
            try awaitHeld()
            let words = ["set", "fault", "release=all", mount.mountpoint]
            #expect(
                try Program(try #require(BuiltPrograms.bypassio), words).run(within: 60).code == 0)
            let outcome = try #require(reader.wait(within: 60))
            #expect(outcome.code == 0 && outcome.output == String(repeating: "\u{7}", count: 4096))
        }

        @Test("a write that a filter keeps refuses the restart, and is done once")
        func pendedWrite() throws {
            let mount = try Self.mounted("allow_other", ["fault,rule=lock;write;hang;name=kept"])
            let writer = try RunningProgram(
                Program.shell("printf written > '\(mount.mountpoint)/lock'"))
            while try !Self.instances(mount).flatMap(\.settings.values).contains(where: {
                $0.hasSuffix("holds 1)")
            }) { usleep(10_000) }
            try Self.expectRefusal(mount, saying: "1 request waits")
            #expect(
                try Self.bypassio("set", "fault", "remove=all", mount.mountpoint).code == 0)
            #expect(
                try Self.bypassio("set", "fault", "release=all", mount.mountpoint).code != 70)
            #expect(writer.wait(within: 60)?.code == 0)
            let source = try String(contentsOfFile: "\(mount.source)/lock", encoding: .utf8)
            #expect(source == "written")
            try Self.restart(mount)
        }

        /// Works on files of its own, and compares every byte.
        private final class Load: Sendable {
            private let isOver = Atomic(false)
            let rounds = Atomic(0)
            let failures = Atomic(0)

            func run(_ place: String, _ kind: KernelReader.Kind, number: Int) -> OwnThread {
                OwnThread { [self] in
                    let path = "\(place)/load \(number)"
                    var value: UInt8 = 0
                    while !isOver.load(ordering: .relaxed) {
                        do {
                            let made = try RawFile(path, RawFile.readWrite | RawFile.create)
                            let file = try KernelReader(path, kind)
                            for page in 0..<8 {
                                value &+= 1
                                try file.write(value, page: page)
                                guard try file.value(page: page) == value else {
                                    throw TestError("another byte")
                                }
                            }
                            withExtendedLifetime(made) {}
                            guard unsafe call_rename(path, "\(path) old", 0) == 0,
                                unsafe call_unlink("\(path) old") == 0
                            else { throw TestError("a name") }
                        } catch {
                            failures.wrappingAdd(1, ordering: .relaxed)
                            Issue.record("\(error)")
                        }
                        rounds.wrappingAdd(1, ordering: .relaxed)
                    }
                }
            }

            func end() { isOver.store(true, ordering: .relaxed) }
        }

        @Test("eight restarts under load, and every byte is right")
        func underLoad() throws {
            let mount = try Self.mounted("allow_other", ["readaudit"])
            let load = Load()
            let kinds: [KernelReader.Kind] = [.writer, .directWriter, .writer]
            let threads = kinds.enumerated().map { load.run(mount.mountpoint, $1, number: $0) }
            for _ in 0..<8 {
                let seen = load.rounds.load(ordering: .relaxed)
                try Self.restart(mount)
                while load.rounds.load(ordering: .relaxed) < seen + 6,
                    load.failures.load(ordering: .relaxed) == 0
                { usleep(1000) }
            }
            load.end()
            #expect(threads.allSatisfy { $0.join(within: 60) })
            #expect(load.failures.load(ordering: .relaxed) == 0)
        }

        @Test("a find that walks while the service is replaced finds each file once")
        func walk() throws {
            let mount = try LiveMount(options: "allow_other") { source in
                for folder in 0..<20 {
                    #expect(unsafe call_mkdir("\(source)/\(folder)", 0o755) == 0)
                    for file in 0..<100 {
                        try Data().write(to: URL(fileURLWithPath: "\(source)/\(folder)/\(file)"))
                    }
                }
            }
            let find = try RunningProgram(
                Program.shell(
                    "for i in 1 2 3 4 5 6; do find '\(mount.mountpoint)' -type f | sort -u | wc -l; done"
                ))
            for _ in 0..<3 { try Self.restart(mount) }
            let outcome = try #require(find.wait(within: 120))
            #expect(outcome.code == 0 && outcome.lines.allSatisfy { $0 == "2000" }, "\(outcome)")
        }

        @Test("a newer program that does not start, or ends at once, leaves the old service")
        func brokenProgram() throws {
            let built = try #require(BuiltPrograms.bypassio)
            let folder = try TestFolder()
            let (source, place) = (
                try folder.makeFolder("source"), try folder.makeFolder("place")
            )
            let program = "\(folder.path)/bypassio"
            try FileManager.default.copyItem(atPath: built, toPath: program)
            try Data(repeating: 7, count: 4096)
                .write(to: URL(fileURLWithPath: "\(source)/file"))
            let started = try Program(
                program, ["mount", "--background", "-o", "allow_other", source, place]
            ).run(within: 60)
            #expect(started.code == 0, "\(started)")
            defer { _ = try? Self.bypassio("umount", place) }
            let reader = try KernelReader("\(place)/file")
            for (content, mode) in [
                ("#!/bin/sh\nexit 3\n", 0o755), ("nothing", 0o755), ("", 0o644),
            ] {
                try FileManager.default.removeItem(atPath: program)
                try Data(content.utf8).write(to: URL(fileURLWithPath: program))
                #expect(unsafe call_chmod(program, UInt32(mode)) == 0)
                let outcome = try Self.bypassio("restart", place)
                #expect(
                    outcome.code == 1 && outcome.errors.contains("goes on as it was"), "\(outcome)")
                #expect(try reader.value() == 7)
            }
            try FileManager.default.removeItem(atPath: program)
            #expect(try Self.bypassio("restart", place).code == 0, "of its own file")
            #expect(try reader.value() == 7)
        }
    }
}
