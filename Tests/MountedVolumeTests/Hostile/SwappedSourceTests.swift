import CPosixCalls
import Foundation
import Synchronization
import Testing

extension MountedVolume {
    /// A SOURCE that somebody changes under the service, thousands of times.
    @Suite(
        .enabled(if: MountCommand.chosen.isOurs, "the service is ours"),
        .enabled(if: geteuid() == 0, "makes devices, and a mount for all users"))
    struct SwappedSource {
        private static let exchange: UInt32 = 2
        private static let opened: UInt32 = 0x20
        private static let patience = 120.0
        private static let notBlocking: Int32 = 0o4000

        /// Exchanges two names of SOURCE until `body` has ended.
        private func whileSwapping(
            _ one: String, _ other: String, _ body: @escaping @Sendable () -> Void
        ) throws {
            let isOver = Flag()
            let mover = OwnThread {
                while !isOver.isSet { _ = unsafe call_rename(one, other, Self.exchange) }
            }
            let worker = OwnThread(body)
            let ended = worker.join(within: Self.patience)
            isOver.set()
            #expect(mover.join(within: Self.patience))
            #expect(ended, "the client hangs")
        }

        private final class Flag: Sendable {
            private let value = Atomic(false)
            var isSet: Bool { value.load(ordering: .relaxed) }
            func set() { value.store(true, ordering: .relaxed) }
        }

        @Test(
            "a file that becomes a pipe, a device or a link out: the service opens the file alone",
            arguments: ["pipe", "device", "link"])
        func file(_ thing: String) throws {
            let mount = try LiveMount(options: "allow_other,trust=0,entry_timeout=0,attr_timeout=0")
            let (it, other) = ("\(mount.source)/it", "\(mount.source)/other")
            try Data("inside".utf8).write(to: URL(fileURLWithPath: it))
            let outside = "\(mount.folder.path)/outside"
            try Data("outside".utf8).write(to: URL(fileURLWithPath: outside))
            switch thing {
            case "pipe": #expect(unsafe call_mknod(other, 0o010666, 0, 0) == 0)
            // /dev/null
            case "device": #expect(unsafe call_mknod(other, 0o020666, 1, 3) == 0)
            default: #expect(unsafe call_symlink(outside, other) == 0)
            }
            let watch = Int32(call_inotify())
            defer { _ = call_close(watch) }
            let watched = thing == "link" ? outside : other
            #expect(unsafe call_inotify_add(watch, watched, Self.opened) >= 0)
            let path = "\(mount.mountpoint)/it"
            let counts = Counts()
            try whileSwapping(it, other) {
                for _ in 0..<3000 { counts.add(Self.read(path)) }
            }
            #expect(counts.bytes == ["inside"], "\(counts.bytes)")
            var event = [UInt8](repeating: 0, count: 64)
            _ = call_fcntl(watch, 4, Int64(Self.notBlocking))
            #expect(unsafe call_read(watch, &event, event.count) < 0, "the \(thing) was opened")
        }

        /// What a client reads there, as a regular file that is no link; nil if it is none.
        private static func read(_ path: String) -> String? {
            // O_NOFOLLOW: a link would be the client's own way out.
            let file = unsafe call_open(path, 0o400000 | notBlocking, 0)
            guard file >= 0 else { return nil }
            defer { _ = call_close(Int32(file)) }
            var status = call_status()
            guard unsafe call_status(Int32(file), "", CALL_AT_EMPTY_PATH, &status) == 0,
                status.mode & 0o170000 == 0o100000
            else { return nil }
            var bytes = [UInt8](repeating: 0, count: 64)
            let count = unsafe call_read(Int32(file), &bytes, bytes.count)
            return count < 0 ? nil : String(decoding: bytes.prefix(Int(count)), as: UTF8.self)
        }

        private final class Counts: Sendable {
            private let found = Mutex<Set<String>>([])
            var bytes: Set<String> { found.withLock { $0 } }
            func add(_ text: String?) { if let text { found.withLock { _ = $0.insert(text) } } }
        }

        @Test("a directory that becomes a link out: nothing outside is made, moved or removed")
        func directory() throws {
            let mount = try LiveMount(options: "allow_other,trust=0,entry_timeout=0,attr_timeout=0")
            let outside = try mount.folder.makeFolder("outside")
            let names = (0..<200).map { "file\($0)" }
            for name in names {
                try Data("x".utf8).write(to: URL(fileURLWithPath: "\(outside)/\(name)"))
            }
            let (sub, link) = ("\(mount.source)/sub", "\(mount.source)/link")
            _ = try mount.folder.makeFolder("source/sub")
            #expect(unsafe call_symlink(outside, link) == 0)
            let path = "\(mount.mountpoint)/sub"
            let entered = Counts()
            try whileSwapping(sub, link) {
                for round in 0..<2000 {
                    // The client enters no link itself: O_DIRECTORY and O_NOFOLLOW.
                    let folder = unsafe call_open(path, 0o200000 | 0o400000, 0)
                    guard folder >= 0 else { continue }
                    entered.add("entered")
                    // The names that its descriptor leads to (/proc), which asks the mount anew.
                    let place = "/proc/self/fd/\(folder)"
                    let name = names[round % names.count]
                    _ = unsafe call_unlink("\(place)/\(name)")
                    _ = unsafe call_mkdir("\(place)/made\(round)", 0o755)
                    _ = unsafe call_rename("\(place)/\(name)", "\(place)/moved", 0)
                    _ = unsafe call_rmdir("\(place)/made\(round)")
                    _ = call_close(Int32(folder))
                }
            }
            #expect(!entered.bytes.isEmpty)
            let left = try FileManager.default.contentsOfDirectory(atPath: outside)
            #expect(Set(left) == Set(names))
        }

        @Test("more changes than the kernel keeps for the service: what it knew is asked for anew")
        func flood() throws {
            // Nothing but a report of the change shows it in time.
            let mount = try LiveMount(options: "allow_other,trust=3600") { source in
                try Data("old".utf8).write(to: URL(fileURLWithPath: "\(source)/file"))
            }
            func size() -> UInt64? {
                var status = call_status()
                let answer = unsafe call_status(-100, "\(mount.mountpoint)/file", 0, &status)
                return answer == 0 ? status.size : nil
            }
            #expect(size() == 3)
            mount.signalService(SIGSTOP)
            for number in 0..<20_000 {
                let file = unsafe call_open("\(mount.source)/\(number)", 0o101, 0o644)
                _ = call_close(Int32(file))
            }
            try Data("newer".utf8).write(to: URL(fileURLWithPath: "\(mount.source)/file"))
            mount.signalService(SIGCONT)
            for _ in 0..<2400 where size() != 5 { usleep(25_000) }
            #expect(size() == 5)
        }

        @Test(
            "names of every byte, and as long as a name can be, are served; longer ones are refused"
        )
        func names() throws {
            let mount = try LiveMount(options: "allow_other,trust=0")
            let odd = (1...255).filter { $0 != 0x2F && $0 != 0x2E }
            for byte in odd {
                for count in [1, 255] {
                    let name = [CChar](repeating: CChar(bitPattern: UInt8(byte)), count: count)
                    let path = Array("\(mount.source)/".utf8CString.dropLast()) + name + [0]
                    _ = call_close(Int32(unsafe call_open(path, 0o101, 0o644)))
                }
            }
            func listing(_ folder: String) throws -> Program.Outcome {
                try Program.shell(
                    """
                    find . -mindepth 1 -type f -size 0 -print0 | LC_ALL=C sort -z | sha256sum
                    find . -mindepth 1 -print0 | tr -cd '\\0' | wc -c
                    """, in: folder
                ).run(within: 60)
            }
            let shown = try listing(mount.mountpoint)
            #expect(shown.lines.last == "\(odd.count * 2)", "\(shown)")
            #expect(shown.output == (try listing(mount.source)).output)
            let long = String(repeating: "n", count: 256)
            #expect(unsafe call_mkdir("\(mount.mountpoint)/\(long)", 0o755) == -Int64(ENAMETOOLONG))
            var status = call_status()
            #expect(
                unsafe call_status(-100, "\(mount.mountpoint)/\(long)", 0, &status)
                    == -Int64(ENAMETOOLONG))
            #expect(mount.serviceIsRunning)
        }
    }
}
