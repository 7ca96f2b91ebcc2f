import Foundation
import Testing

extension MountedVolume {
    /// The socket of a mount, from its mount to its end.
    @Suite(.enabled(if: MountCommand.chosen.isOurs, "the control interface is ours"))
    struct ControlSockets {
        private static func bypassio(_ words: String...) throws -> Program.Outcome {
            try Program(try #require(BuiltPrograms.bypassio), words).run(within: 60)
        }

        @Test("the socket is there while the mount is, and any HTTP client may ask")
        func socket() throws {
            let folder = try TestFolder()
            let socket = folder.path("volume.sock")
            let mount = try LiveMount(options: "allow_other,control=\(socket)")
            let answer = try Self.bypassio("instances", "--socket", socket, mount.mountpoint)
            #expect(answer.code == 0, "\(answer)")
            if let curl = Program.find("curl") {
                let outcome = try Program(
                    curl, ["-s", "--unix-socket", socket, "http://x/v1/service"]
                ).run(within: 60)
                #expect(outcome.output.contains("\"mountPoint\":\"\(mount.mountpoint)\""))
            }
            mount.stop()
            #expect(!FileManager.default.fileExists(atPath: socket))
        }

        @Test("a mount that has none, a dead one, and what is none are told apart")
        func errors() throws {
            let off = try LiveMount(options: "allow_other,control=off")
            let none = try Self.bypassio("instances", off.mountpoint)
            #expect(none.code == 69 && none.errors.contains("no control interface"), "\(none)")
            #expect(try Self.bypassio("filters", off.mountpoint).code == 0)
            let dead = try LiveMount()
            dead.killService()
            let gone = try Self.bypassio("instances", dead.mountpoint)
            #expect(gone.code == 66 && gone.errors.contains("is gone"), "\(gone)")
            let folder = try TestFolder()
            let nothing = try Self.bypassio("attach", "noop", folder.path)
            #expect(nothing.code == 66 && nothing.errors.contains("no bypassio mount"))
        }

        @Test("a second place of the mount leads to its service, another mount's socket does not")
        func places() throws {
            let folder = try TestFolder()
            let socket = folder.path("volume.sock")
            let mount = try LiveMount()
            #expect(try Self.bypassio("attach", "accessheat", mount.mountpoint).code == 0)
            let second = try InnerMount(at: folder.path("second"), ["--bind", mount.mountpoint])
            let bound = try Self.bypassio("instances", second.path)
            #expect(bound.code == 0 && bound.output.contains("accessheat"), "\(bound)")
            let other = try LiveMount(options: "allow_other,control=\(socket)")
            let wrong = try Self.bypassio("instances", "--socket", socket, mount.mountpoint)
            #expect(wrong.code == 69 && wrong.errors.contains("belongs to another"), "\(wrong)")
            withExtendedLifetime(other) {}
        }

        @Test("a socket that cannot be is told in a line, and the mount serves without it")
        func impossible() throws {
            let folder = try TestFolder()
            try Data().write(to: URL(fileURLWithPath: folder.path("file")))
            let mount = try LiveMount(options: "allow_other,control=\(folder.path("file"))")
            #expect(try Self.bypassio("filters", mount.mountpoint).code == 0)
            #expect(mount.serviceMessages.contains("no control interface"))
            let content = try Data(contentsOf: URL(fileURLWithPath: folder.path("file")))
            #expect(content.isEmpty)
        }
    }
}
