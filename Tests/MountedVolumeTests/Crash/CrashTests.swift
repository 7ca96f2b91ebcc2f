import Foundation
import Testing

extension MountedVolume {
    /// The service killed with SIGKILL: clients get an error and never hang, and what fsync
    /// acknowledged is on the disk.
    @Suite(
        .enabled(if: BuiltPrograms.exerciser != nil, "the exerciser is not beside the tests"))
    struct Crash {
        @Test(arguments: ["records", "direct", "read", "names", "map"])
        func clientsGetAnErrorWhenTheServiceIsKilled(kind: String) throws {
            let mount = try LiveMount()
            let program = try #require(BuiltPrograms.exerciser)
            let client = try RunningProgram(
                Program(
                    program, ["client", "--kind", kind, "--directory", mount.mountpoint]))
            // Well under way.
            usleep(500_000)
            mount.killService()
            let outcome = try #require(
                client.wait(within: 20), "the client hangs: \(client.kernelStack)")
            let acknowledged = outcome.lines.filter { $0.hasPrefix("acknowledged") }.count
            #expect(acknowledged > 0, "\(outcome)")
            #expect(!outcome.output.contains("no error"), "\(outcome)")
            if kind == "records" || kind == "direct" {
                let file = "\(mount.source)/\(kind)"
                let size = try FileManager.default.attributesOfItem(atPath: file)[.size] as? Int
                #expect((size ?? 0) > 0)
                #expect((size ?? 0) >= acknowledged, "every record is at least a byte")
            }
            let umount = try Program(
                try #require(BuiltPrograms.bypassio), ["umount", mount.mountpoint]
            ).run(within: 20)
            #expect(umount.code == 0, "\(umount)")
            #expect(MountTable.fileSystem(at: mount.mountpoint) == nil)
        }
    }
}
