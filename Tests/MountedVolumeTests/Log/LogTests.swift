import BypassIOProtocol
import CPosixCalls
import Foundation
import Testing

extension MountedVolume {
    /// The lines that a service logs, and where they go.
    @Suite(.enabled(if: MountCommand.chosen.isOurs, "the log is ours"))
    struct Log {
        private static let eicar =
            #"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"#

        private func makeFiles(in source: String) throws {
            try Data([UInt8](repeating: 65, count: 8192)).write(
                to: URL(fileURLWithPath: "\(source)/clean"))
            try Data(Self.eicar.utf8).write(to: URL(fileURLWithPath: "\(source)/infected"))
        }

        private func read(_ path: String) -> Data? { FileManager.default.contents(atPath: path) }

        /// The text, once it has all the words; the text so far after ten seconds.
        private func text(_ words: [String], _ current: () -> String) -> String {
            var text = current()
            for _ in 0..<200 where !words.allSatisfy({ text.contains($0) }) {
                usleep(50_000)
                text = current()
            }
            return text
        }

        private func expect(_ words: [String], in current: () -> String) {
            let text = text(words, current)
            for word in words { #expect(text.contains(word), "\(word) in:\n\(text)") }
        }

        private func fileText(_ path: String) -> String {
            String(decoding: read(path) ?? Data(), as: UTF8.self)
        }

        @Test(
            "a service in the background tells in its file what happened, and goes on in a new one")
        func backgroundLog() throws {
            let folder = try TestFolder()
            let (source, place) = (
                try folder.makeFolder("source"), try folder.makeFolder("mount")
            )
            try makeFiles(in: source)
            let log = folder.path("log")
            let program = try #require(BuiltPrograms.bypassio)
            let mounted = try Program(
                program,
                [
                    "mount", "--background", "--log", log, "-o", "bypass=auto,auto_size=0",
                    "--filter", "contentscan", "--filter", "readaudit,log=records", source, place,
                ]
            ).run(within: 20)
            defer { _ = try? Program(program, ["umount", "--lazy", place]).run(within: 20) }
            #expect(mounted.code == 0, "\(mounted)")
            expect(
                [
                    "starts, to mount", "is mounted at \(place)", "filter contentscan attached",
                    "filter readaudit attached at altitude 370130",
                ]
            ) { fileText(log) }

            #expect(read("\(place)/clean")?.count == 8192)
            #expect(read("\(place)/infected") == nil, "the scanner fails the read")
            #expect(read("\(place)/infected") == nil)
            expect(
                [
                    "warning bypassio",
                    "finding: contentscan found the signature EICAR-Test-File in infected",
                    "veto: contentscan refuses BypassIO for infected", "read: read 0 of infected",
                ]
            ) { fileText(log) }
            let refusals = fileText(log).components(separatedBy: "refuses BypassIO for infected")
            #expect(refusals.count == 2, "told once")

            let service = try #require(
                fileText(log).firstMatch(of: /bypassio\[(\d+)\]/).flatMap { Int32($0.1) })
            kill(service, SIGUSR1)
            expect(["report: {", "total: vetoes by contentscan so far: "]) { fileText(log) }
            let line = try #require(fileText(log).firstMatch(of: /report: (\{.*\})\n/)?.1)
            let report = try JSONDecoder().decode(VolumeReport.self, from: Data(line.utf8))
            #expect(report.volume == source && report.filters.count == 2)

            try FileManager.default.moveItem(atPath: log, toPath: "\(log).1")
            kill(service, SIGHUP)
            #expect(!text(["x"]) { read(log) == nil ? "" : "x" }.isEmpty, "opened anew")
            _ = try Program(program, ["umount", place]).run(within: 20)
            expect(["\(place) is served no more: it was unmounted"]) { fileText(log) }
        }

        @Test("at a terminal what is notable comes on standard error")
        func standardError() throws {
            let mount = try LiveMount(options: "allow_other,filter=contentscan")
            try makeFiles(in: mount.source)
            #expect(read("\(mount.mountpoint)/clean")?.count == 8192)
            #expect(read("\(mount.mountpoint)/infected") == nil)
            expect([
                "bypassio: contentscan found the signature EICAR-Test-File in infected by a read"
            ]) {
                mount.serviceMessages
            }
        }

        @Test("a log that nobody reads loses lines, and says how many once it is read again")
        func unread() throws {
            let folder = try TestFolder()
            let path = "\(folder.path)/pipe"
            #expect(unsafe call_mknod(path, 0o010600, 0, 0) == 0)
            // Both ends and without waiting, so that the service finds a reader.
            let pipe = try RawFile(path, RawFile.readWrite | 0o4000)
            let mount = try LiveMount(options: "allow_other,debug,log=\(path)")
            var asked = 0
            // Each name is a new one, so that the kernel asks.
            func ask(_ times: Int) {
                for _ in 0..<times {
                    asked += 1
                    #expect(
                        unsafe call_access("\(mount.mountpoint)/\(asked)", 0) == -Int64(ENOENT))
                }
            }
            func read() -> String {
                var bytes = [UInt8](repeating: 0, count: 1 << 20)
                let count = unsafe call_read(pipe.descriptor, &bytes, bytes.count)
                return String(decoding: bytes.prefix(max(0, Int(count))), as: UTF8.self)
            }
            // More lines than the pipe has room for.
            ask(3000)
            _ = read()
            var seen = ""
            for _ in 0..<600 where !seen.contains(" lines of the log were lost") {
                ask(1)
                seen += read()
                usleep(10_000)
            }
            #expect(seen.contains(" lines of the log were lost"))
            var later = ""
            for _ in 0..<600 where !later.contains("LOOKUP") {
                ask(1)
                later += read()
                usleep(10_000)
            }
            #expect(later.contains("LOOKUP"), "no line comes any more")
        }

        @Test("a log that nobody can write to stops neither the service nor its end")
        func fullDisk() throws {
            let mount = try LiveMount(
                options: "allow_other,log=/dev/full,filter=readaudit:log=records")
            try makeFiles(in: mount.source)
            for _ in 0..<20 { #expect(read("\(mount.mountpoint)/clean")?.count == 8192) }
            mount.stop()
        }

        @Test("a socket is told in syslog's words")
        func syslog() throws {
            let folder = try TestFolder()
            let socket = try DatagramListener(at: folder.path("socket"))
            let mount = try LiveMount(options: "allow_other,log=\(folder.path("socket"))")
            expect(["<30>bypassio[\(mount.serviceIdentifier)]: ", "is mounted at"]) {
                socket.receivedSoFar
            }
            mount.stop()
            expect(["signal 15 came"]) { socket.receivedSoFar }
        }
    }
}
