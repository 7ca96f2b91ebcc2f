import BypassIOClient
import BypassIOProtocol
import CPosixCalls
import Foundation
import SystemPackage
import Testing

extension MountedVolume {
    /// The service of a mount in use is killed, and another takes its place (`-o recover`).
    @Suite(.enabled(if: MountCommand.chosen.isOurs, "the service is ours"))
    struct Recoveries {
        @Test("open files, locks, mappings and directories are there after each of four kills")
        func openFiles() throws {
            let mount = try RecoveringMount()
            let files = try FilesInUse(in: mount.place)
            for round in 1...4 {
                try mount.replaceService()
                try files.check(mark: UInt8(64 + round))
            }
            let source = try Data(contentsOf: URL(fileURLWithPath: "\(mount.source)/plain"))
            #expect(source.first == 68)
        }

        @Test("a handle keeps its bypass, and a paused file its pause")
        func bypass() throws {
            let mount = try RecoveringMount()
            let reader = try KernelReader("\(mount.place)/file", .directReader)
            let client = BypassIOClient(FileDescriptor(rawValue: reader.descriptor))
            #expect(try client.manage(.enable).results?.status == .success)
            for _ in 1...2 { try mount.replaceService() }
            func line() throws -> String {
                try RecoveringMount.bypassio("filters", "--json", mount.place).output
            }
            #expect(try reader.value() == 7)
            #expect(try line().contains("\"fullBypass\":1"))
            _ = try client.manage(.streamPause)
            try mount.replaceService()
            #expect(try reader.value() == 7)
            #expect(try !line().contains("\"fullBypass\":1"))
            #expect(try client.manage(.streamResume).results?.status == .success)
            #expect(try reader.value() == 7)
            #expect(try line().contains("\"fullBypass\":1"))
        }

        @Test("filters come back with the altitudes and settings that they had")
        func filters() throws {
            let mount = try RecoveringMount(
                "allow_other", ["readaudit=370200,records=10", "noop=160100", "noop=160101"])
            let place = mount.place
            func instances() throws -> [InstanceReport] {
                let answer = try RecoveringMount.bypassio("instances", "--json", place)
                return try JSONDecoder().decode(
                    [InstanceReport].self, from: Data(answer.output.utf8))
            }
            #expect(
                try RecoveringMount.bypassio("set", "readaudit", "every-read=yes", place).code == 0)
            #expect(try RecoveringMount.bypassio("attach", "accessheat", place).code == 0)
            #expect(try RecoveringMount.bypassio("detach", "noop-160100", place).code == 0)
            let before = try instances()
            #expect(before.count == 3)
            try mount.replaceService()
            let after = try instances()
            #expect(after.map(\.instance) == before.map(\.instance))
            #expect(after.map(\.settings) == before.map(\.settings))
        }

        @Test("a write that a filter keeps is carried by the next service, once")
        func pendedWrite() throws {
            let mount = try RecoveringMount(
                "allow_other", ["fault,rule=lock;write;hang;name=kept"])
            let writer = try RunningProgram(
                Program.shell("printf written >> '\(mount.place)/lock'"))
            func awaitHeld() throws {
                let isHeld = try LiveMount.eventually {
                    try RecoveringMount.bypassio("instances", "--json", mount.place)
                        .output.contains("holds 1)")
                }
                #expect(isHeld)
            }
            try awaitHeld()
            try mount.replaceService()
            try awaitHeld()
            #expect(
                try RecoveringMount.bypassio("set", "fault", "remove=all", mount.place).code == 0)
            #expect(writer.wait(within: 60)?.code == 0)
            let source = try String(contentsOfFile: "\(mount.source)/lock", encoding: .utf8)
            #expect(source == "written")
        }

        @Test("a find that walks while services are killed finds each file once")
        func walk() throws {
            let mount = try RecoveringMount { source in
                for folder in 0..<20 {
                    #expect(unsafe call_mkdir("\(source)/\(folder)", 0o755) == 0)
                    for file in 0..<100 {
                        try Data().write(to: URL(fileURLWithPath: "\(source)/\(folder)/\(file)"))
                    }
                }
            }
            let find = try RunningProgram(
                Program.shell(
                    "for i in 1 2 3 4 5 6; do find '\(mount.place)' -type f | sort -u | wc -l; done"
                ))
            for _ in 0..<3 { try mount.replaceService() }
            let outcome = try #require(find.wait(within: 120))
            #expect(outcome.code == 0 && outcome.lines.allSatisfy { $0 == "2002" }, "\(outcome)")
        }

        @Test("after a restart in place the new service is replaced, too, when it is killed")
        func afterRestart() throws {
            let mount = try RecoveringMount()
            let kept = try FilesInUse.made("kept", in: mount.place)
            for _ in 1...2 {
                #expect(try RecoveringMount.bypassio("restart", mount.place).code == 0)
                #expect(FilesInUse.text(kept) == "kept")
                try mount.replaceService()
                #expect(FilesInUse.text(kept) == "kept")
            }
        }
    }
}
