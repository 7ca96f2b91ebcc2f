import CPosixCalls
import Foundation
import Testing

extension MountedVolume {
    /// When the content scanner reads a file of SOURCE, seen from the bytes that its service reads.
    @Suite(.enabled(if: MountCommand.chosen.isOurs, "the scanner is ours"))
    struct Scanner {
        private static let size = 16 << 20

        private let mount: LiveMount
        private var file: String { "\(mount.mountpoint)/file" }
        private var behind: String { "\(mount.source)/file" }

        init() throws {
            mount = try LiveMount(
                options: "allow_other,bypass=auto,auto_size=0,filter=contentscan")
            try Data([UInt8](repeating: 7, count: Self.size)).write(
                to: URL(fileURLWithPath: "\(mount.source)/file"))
        }

        /// Whether the service reads the whole file during `work`; its other reads are small.
        private func isScanned(by work: () throws -> Void) throws -> Bool {
            let before = try serviceRead()
            try work()
            return try serviceRead() - before >= Self.size
        }

        /// Tries again until the service has heard of the last close, which the kernel reports
        /// later: an open beside a writer is not scanned.
        private func isScannedSoon(by work: () throws -> Void) throws -> Bool {
            let end = Date(timeIntervalSinceNow: 10)
            while Date() < end {
                if try isScanned(by: work) { return true }
                usleep(20_000)
            }
            return false
        }

        private func serviceRead() throws -> Int {
            let path = "/proc/\(mount.serviceIdentifier)/io"
            let text = String(
                decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
            let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("rchar") })
            return try #require(line.split(separator: " ").last.flatMap { Int($0) })
        }

        private func open() throws { _ = try KernelReader(file) }
        private func askState() throws {
            let state = try mount.facts("state", file)
            let verdict = try #require(state["verdict"] as? [String: Any])
            #expect(verdict["kind"] as? String != "notSupported")
        }

        /// Waits until a change would move the file's change time.
        private func waitUntilAtRest() {
            var status = call_status()
            #expect(unsafe call_status(-100, behind, 0, &status) == 0)
            let end = Date(timeIntervalSince1970: Double(status.changed.seconds + 3))
            while Date() < end { usleep(50_000) }
        }

        @Test("a version of a file is read once, however often it is opened and asked about")
        func versionsAreScannedOnce() throws {
            waitUntilAtRest()
            #expect(try !isScanned(by: askState), "a question")
            #expect(try isScanned(by: open))
            for _ in 0..<5 { #expect(try !isScanned(by: open)) }
            #expect(try !isScanned(by: askState))
            #expect(try KernelReader(file).value(page: 3) == 7)
            // A change in SOURCE makes another version of the file.
            let eicar = Array(
                #"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"#.utf8)
            let handle = try FileHandle(forUpdating: URL(fileURLWithPath: behind))
            try handle.seek(toOffset: 8192)
            try handle.write(contentsOf: eicar)
            try handle.close()
            let reader = try KernelReader(file)
            #expect(reader.readAnswer(page: 2) == -Int64(EPERM))
        }

        @Test("a write through the mount makes another version")
        func writesAreSeen() throws {
            waitUntilAtRest()
            #expect(try isScanned(by: open))
            try KernelReader(file, .writer).write(7, page: 1)
            #expect(try isScannedSoon(by: open))
        }
    }
}
