import CPosixCalls
import Foundation
import Synchronization
import Testing

extension MountedVolume {
    /// Services that are killed again and again while programs work.
    @Suite(.enabled(if: MountCommand.chosen.isOurs, "the service is ours"))
    struct RecoveryLoad {
        /// Works on files of its own, each name made with O_EXCL and removed: whatever is done
        /// twice, or not at all, fails.
        private final class Load: Sendable {
            private let isOver = Atomic(false)
            let rounds = Atomic(0)
            let failures = Atomic(0)

            private func check(_ answer: Int64, _ call: String) throws {
                guard answer >= 0 else { throw TestError("\(call): \(answer)") }
            }

            private func round(_ path: String, _ number: Int) throws {
                let other = "\(path) other"
                do {
                    // O_EXCL
                    let file = try RawFile(path, RawFile.readWrite | RawFile.create | 0o200)
                    let text = Array("\(number)".utf8)
                    let count = unsafe call_pwrite(file.descriptor, text, text.count, 0)
                    guard count == text.count else { throw TestError("write: \(count)") }
                    try check(unsafe call_link(path, other, 0), "link")
                    try check(unsafe call_unlink(path), "unlink")
                    try check(unsafe call_rename(other, path, 1), "rename, RENAME_NOREPLACE")
                    try check(unsafe call_unlink(path), "unlink")
                    var bytes = [UInt8](repeating: 0, count: 32)
                    let read = unsafe call_pread(file.descriptor, &bytes, bytes.count, 0)
                    guard bytes.prefix(Int(max(0, read))).elementsEqual(text),
                        try file.status().links == 0
                    else { throw TestError("another content") }
                }
                try check(unsafe call_mkdir(path, 0o755), "mkdir")
                try check(unsafe call_rename(path, other, 0), "rename")
                try check(unsafe call_rmdir(other), "rmdir")
                try check(unsafe call_symlink("target", path), "symlink")
                try check(unsafe call_unlink(path), "unlink")
            }

            func names(_ place: String, _ number: Int) -> OwnThread {
                OwnThread { [self] in
                    var count = 0
                    while !isOver.load(ordering: .relaxed) {
                        count += 1
                        do {
                            try round("\(place)/load \(number)", count)
                        } catch {
                            failures.wrappingAdd(1, ordering: .relaxed)
                            Issue.record("\(error)")
                            return
                        }
                        rounds.wrappingAdd(1, ordering: .relaxed)
                    }
                }
            }

            /// Appends lines; the file must have each once.
            func lines(_ place: String, _ number: Int) -> OwnThread {
                OwnThread { [self] in
                    let path = "\(place)/lines \(number)"
                    guard
                        let file = try? RawFile(
                            path, RawFile.readWrite | RawFile.create | 0o2000)
                    else {
                        failures.wrappingAdd(1, ordering: .relaxed)
                        return
                    }
                    var expected: [UInt8] = []
                    while !isOver.load(ordering: .relaxed) {
                        let line = Array("line \(expected.count)\n".utf8)
                        let count = unsafe call_write(file.descriptor, line, line.count)
                        if count != line.count {
                            failures.wrappingAdd(1, ordering: .relaxed)
                            Issue.record("append: \(count)")
                            return
                        }
                        expected += line
                        rounds.wrappingAdd(1, ordering: .relaxed)
                    }
                    let found = try? Data(contentsOf: URL(fileURLWithPath: path))
                    if found.map({ Array($0) != expected }) ?? true {
                        failures.wrappingAdd(1, ordering: .relaxed)
                        Issue.record("a line is there twice, or not at all")
                    }
                }
            }

            func end() { isOver.store(true, ordering: .relaxed) }
        }

        @Test("eight kills under load: every call is done once")
        func kills() throws {
            let mount = try RecoveringMount("allow_other", ["readaudit"])
            let load = Load()
            let threads =
                (0..<3).map { load.names(mount.place, $0) }
                + (0..<2).map { load.lines(mount.place, $0) }
            // Ten services in a row that live under a second are the last.
            for _ in 0..<8 {
                let seen = load.rounds.load(ordering: .relaxed)
                try mount.replaceService()
                while load.rounds.load(ordering: .relaxed) < seen + 50,
                    load.failures.load(ordering: .relaxed) == 0
                { usleep(1000) }
            }
            load.end()
            #expect(threads.allSatisfy { $0.join(within: 60) })
            #expect(load.failures.load(ordering: .relaxed) == 0)
        }
    }
}
