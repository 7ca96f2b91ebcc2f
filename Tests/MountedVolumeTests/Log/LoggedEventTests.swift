import BypassIOClient
import BypassIOProtocol
import CPosixCalls
import Foundation
import SystemPackage
import Testing

extension MountedVolume {
    /// Every kind of line that a service logs; reads log none.
    @Suite(.enabled(if: MountCommand.chosen.isOurs, "the log is ours"))
    struct LoggedEvents {
        /// A file of a mount, the place of the mount's log, and the log's lines.
        private struct Scene {
            let mount: LiveMount
            let log: String
            private let folder: TestFolder

            init(_ options: String) throws {
                folder = try TestFolder()
                log = folder.path("log")
                mount = try LiveMount(options: "allow_other,log=\(log),\(options)")
                try Data([UInt8](repeating: 7, count: 65536)).write(
                    to: URL(fileURLWithPath: "\(mount.source)/file"))
            }

            var file: String { "\(mount.mountpoint)/file" }

            var lines: [String] {
                String(decoding: FileManager.default.contents(atPath: log) ?? Data(), as: UTF8.self)
                    .split(separator: "\n").map(String.init)
            }

            /// Waits for a line with all of the words.
            func expect(_ words: String...) {
                for _ in 0..<200 {
                    if lines.contains(where: { line in words.allSatisfy(line.contains) }) { return }
                    usleep(50_000)
                }
                Issue.record("no line with \(words) in:\n\(lines.joined(separator: "\n"))")
            }

            /// The lines behind the log's last report; the service is asked for another report.
            func linesUntilNextReport() -> [String] {
                let before = lines.count { $0.contains(" report: {") }
                mount.signalService(SIGUSR1)
                for _ in 0..<200 where lines.count(where: { $0.contains(" report: {") }) == before {
                    usleep(50_000)
                }
                let told = lines
                let reports = told.indices.filter { told[$0].contains(" report: {") }
                guard let last = reports.last else { return told }
                let first = reports.dropLast().last.map { $0 + 1 } ?? 0
                return Array(told[first..<last])
            }
        }

        @Test("attach, pauses and resumes, the channel's end, detach")
        func pauses() throws {
            let scene = try Scene("filter=readaudit")
            scene.expect(" info ", " attach: filter readaudit attached at altitude 370130")
            try pauseAndResume(scene)
            scene.mount.stop()
            scene.expect(" signal: signal 15")
            scene.expect(" channel: nothing comes from the kernel any more")
            scene.expect(" detach: filter readaudit detached")
            scene.expect(" end: ", "is served no more")
        }

        /// The file is closed when this returns.
        private func pauseAndResume(_ scene: Scene) throws {
            let file = try KernelReader(scene.file, .directReader)
            let client = BypassIOClient(FileDescriptor(rawValue: file.descriptor))
            _ = try client.manage(.enable)
            _ = try client.manage(.streamPause)
            scene.expect(" pause: bypass of file is paused")
            _ = try client.manage(.streamResume)
            scene.expect(" resume: bypass of file is resumed")
            _ = try client.manage(.volumeStackPause)
            scene.expect(" pause: bypass of the volume stack is paused")
            _ = try client.manage(.volumeStackResume)
            scene.expect(" resume: bypass of the volume stack is resumed")
            withExtendedLifetime(file) {}
        }

        @Test("the kernel's gate, with its cause")
        func gate() throws {
            let scene = try Scene("bypass=auto,auto_size=0")
            try closeAndOpenGate(scene)
            scene.mount.stop()
        }

        /// The files are closed when this returns.
        private func closeAndOpenGate(_ scene: Scene) throws {
            let file = try KernelReader(scene.file)
            let other = try KernelReader(scene.file, .directReader)
            let client = BypassIOClient(FileDescriptor(rawValue: other.descriptor))
            _ = try client.manage(.streamPause)
            scene.expect(
                " gate: the kernel asks before it reads file, because ",
                "a filter paused the file's bypass")
            _ = try client.manage(.streamResume)
            scene.expect(" gate: the kernel reads file without asking")
            withExtendedLifetime(file) {}
        }

        @Test("reads by any route are no lines")
        func reads() throws {
            let scene = try Scene("filter=accessheat")
            try read(scene)
            scene.mount.stop()
        }

        private func read(_ scene: Scene) throws {
            let file = try KernelReader(scene.file, .directReader)
            _ = scene.linesUntilNextReport()
            for page in 0..<16 { #expect(try file.value(page: page) == 7) }
            _ = try BypassIOClient(FileDescriptor(rawValue: file.descriptor)).manage(.enable)
            for _ in 0..<64 {
                for page in 0..<16 { #expect(try file.value(page: page) == 7) }
            }
            let cached = try #require(FileManager.default.contents(atPath: scene.file))
            #expect(cached.count == 65536)
            #expect(scene.linesUntilNextReport().filter { !$0.contains(" total: ") } == [])
            withExtendedLifetime(file) {}
        }

        @Test("-o debug: a line a request with number, operation, node, size, answer and time")
        func debug() throws {
            let scene = try Scene("debug")
            #expect(FileManager.default.contents(atPath: scene.file)?.count == 65536)
            #expect(unsafe call_getxattr(scene.file, "user.absent", nil, 0) < 0)
            scene.expect(" debug ", " request: ", " INIT node 0 size ")
            scene.expect(" request: ", " LOOKUP node 1 size 5: 128 bytes, ", " us")
            scene.expect(" GETXATTR node ", ": errno 61 (")
            scene.expect(" READ node ", " size 65536: 65536 bytes, ")
            let numbers = scene.lines.compactMap {
                $0.firstMatch(of: /request: (\d+) [A-Z0-9_]+ node/).map { String($0.1) }
            }
            #expect(Set(numbers).count == numbers.count, "each once")
            scene.mount.stop()
        }

        @Test("-o debug at a terminal, on standard error")
        func debugInForeground() throws {
            let mount = try LiveMount(options: "allow_other,debug")
            #expect(!FileManager.default.fileExists(atPath: "\(mount.mountpoint)/absent"))
            for _ in 0..<200
            where !mount.serviceMessages.contains("LOOKUP node 1 size 7: 128 bytes") {
                usleep(50_000)
            }
            #expect(mount.serviceMessages.contains("LOOKUP node 1 size 7: 128 bytes"))
            mount.stop()
        }

        @Test("--background --log stderr: what comes after the start is told there, too")
        func standardErrorInBackground() throws {
            let folder = try TestFolder()
            let (source, place) = (
                try folder.makeFolder("source"), try folder.makeFolder("mount")
            )
            let program = try #require(BuiltPrograms.bypassio)
            let told = folder.path("told")
            // Not through a pipe, whose end would not come while the service runs.
            let mounted = try Program(
                "/bin/sh",
                [
                    "-c", "exec \"$0\" mount --background --log stderr \"$1\" \"$2\" 2>\"$3\"",
                    program, source, place, told,
                ]
            ).run(within: 20)
            defer { _ = try? Program(program, ["umount", "--lazy", place]).run(within: 20) }
            #expect(mounted.code == 0, "\(mounted)")
            let service = try Program(
                "/bin/sh",
                [
                    "-c",
                    "for p in /proc/[0-9]*; do tr '\\0' ' ' <$p/cmdline "
                        + "| grep -q \"log stderr $0 \" && echo ${p#/proc/}; done 2>/dev/null",
                    source,
                ]
            ).run(within: 20)
            kill(try #require(Int32(service.lines.first ?? "")), SIGUSR1)
            var text = ""
            for _ in 0..<200 where !text.contains("\"activeBypassCount\"") {
                usleep(50_000)
                text = (try? String(contentsOfFile: told, encoding: .utf8)) ?? ""
            }
            #expect(text.contains("\"activeBypassCount\":0"), "SIGUSR1's report: \(text)")
        }

        @Test("without a journal, `--log journal` is refused and says what to do")
        func noJournal() throws {
            let hasJournal = ["/run/systemd/journal/socket", "/dev/log"].contains {
                FileManager.default.fileExists(atPath: $0)
            }
            guard !hasJournal else { return }
            let folder = try TestFolder()
            let program = try #require(BuiltPrograms.bypassio)
            let outcome = try Program(
                program,
                [
                    "mount", "--background", "--log", "journal", try folder.makeFolder("source"),
                    try folder.makeFolder("mount"),
                ]
            ).run(within: 20)
            #expect(outcome.code == 69 && outcome.errors.contains("name a file with --log"))
        }
    }
}
