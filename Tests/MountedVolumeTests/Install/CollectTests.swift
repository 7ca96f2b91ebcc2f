import Foundation
import Testing

extension MountedVolume {
    /// `bypassio collect`: what a maintainer asks for, whatever state the mount is in.
    @Suite(.enabled(if: MountCommand.chosen.isOurs, "the service is ours"))
    struct Collecting {
        private func collect(_ arguments: String...) throws -> Program.Outcome {
            try Program(try #require(BuiltPrograms.bypassio), ["collect"] + arguments)
                .run(within: 60)
        }

        @Test("it has what it says, and neither names of files nor what is looked for")
        func contents() throws {
            let folder = try TestFolder()
            let log = folder.path("log")
            let mount = try LiveMount(
                options: "allow_other,log=\(log)",
                filters: ["contentscan,signature=Marker:SECRETTEXT"])
            try Data("SECRETTEXT".utf8).write(
                to: URL(fileURLWithPath: "\(mount.source)/private name.txt"))
            #expect(
                FileManager.default.contents(atPath: "\(mount.mountpoint)/private name.txt") == nil)
            for _ in 0..<200 where !text(log).contains("finding: ") { usleep(50_000) }

            let found = try collect(mount.mountpoint)
            #expect(found.code == 0 && found.errors.isEmpty, "\(found)")
            for words in [
                "== machine", "kernel: Linux version", "== fuse", "== limits", "Max open files",
                "== mount \(mount.mountpoint)", " - fuse.bypassio ", "service: {\"",
                "== service \(mount.serviceIdentifier)", "State:", "threads: ", "== log \(log)",
                "finding: contentscan found the signature Marker in … by a read",
                "start: version ",
            ] {
                #expect(found.output.contains(words), "\(words) in \(found.output)")
            }
            #expect(!found.output.contains("private"), "a name of a file")
            #expect(!found.output.contains("SECRET"), "what is looked for")
            let named = try collect("--names", "--lines", "50", mount.mountpoint)
            #expect(named.output.contains("the signature Marker in private name.txt by a read"))
        }

        private func text(_ path: String) -> String {
            String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
        }

        @Test("a service that is stopped, and one that was killed, are told of")
        func trouble() throws {
            let mount = try LiveMount(options: "allow_other")
            mount.signalService(SIGSTOP)
            let stopped = try collect()
            mount.signalService(SIGCONT)
            #expect(stopped.code == 0)
            #expect(stopped.output.contains("== mount \(mount.mountpoint)\n"))
            #expect(stopped.output.contains("did not answer within 5 seconds"))
            #expect(stopped.output.contains("State: T (stopped)"), "\(stopped.output)")

            mount.killService()
            let killed = try collect(mount.mountpoint)
            #expect(killed.code == 0)
            #expect(killed.output.contains("service: The service of \(mount.mountpoint) is gone"))
        }

        @Test("a file is its owner's; what cannot be written, and what is no volume, is an error")
        func places() throws {
            let folder = try TestFolder()
            let written = try collect("-o", folder.path("report"), "--lines", "0")
            #expect(written.code == 0 && written.lines.count == 1, "\(written)")
            #expect(text(folder.path("report")).hasPrefix("bypassio "))
            let attributes = try FileManager.default.attributesOfItem(atPath: folder.path("report"))
            #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
            #expect(try collect("--output", folder.path("none/report")).code == 73)
            let elsewhere = try collect(folder.path)
            #expect(elsewhere.code == 66 && elsewhere.output.isEmpty, "\(elsewhere)")
            #expect(try collect("--lines=-1").code == 64)
        }
    }
}
