import CPosixCalls
import Foundation

/// SplitMix64: the same seed makes the same changes on every machine.
struct ChangeNumbers: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0xA076_1D64_78BD_642F }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// Makes a tree, and changes it in every way that a program can, at random: chains of renames,
/// directories that replace each other, files moved into what is removed, writes to what has no
/// name any more. A call that fails is a change, too.
final class RandomChanges {
    private var random: ChangeNumbers
    private let root: String
    private var open: [Int32] = []
    private var directories: [String] = []
    private var files: [String] = []
    private var others: [String] = []

    init(_ root: String, seed: UInt64) {
        self.root = root
        random = ChangeNumbers(seed: seed)
    }

    deinit { close() }

    func close() {
        for file in open { _ = call_close(file) }
        open = []
    }

    private func below(_ limit: Int) -> Int { Int.random(in: 0..<max(1, limit), using: &random) }

    private func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }

    // MARK: The tree

    func makeTree() throws {
        directories = [root]
        for number in 0..<8 {
            let path = "\(directories[below(directories.count)])/d\(number)"
            _ = unsafe call_mkdir(path, 0o755)
            _ = unsafe call_chmod(path, [0o755, 0o700, 0o1777][below(3)])
            directories.append(path)
        }
        for number in 0..<16 {
            let path = "\(directories[below(directories.count)])/f\(number)"
            let file = try RawFile(path, RawFile.readWrite | RawFile.create)
            let count = [0, 10, 4096, 9000, 30_000][below(5)]
            put(file.descriptor, count, at: 0)
            if below(3) == 0 { put(file.descriptor, 5000, at: count + [8192, 50_000][below(2)]) }
            _ = call_fchmod(file.descriptor, [0o644, 0o600, 0o4755][below(3)])
            if below(3) == 0 { setAttribute(path) }
            if below(5) == 0 { _ = unsafe call_chown(path, 1000, 1000) }
            files.append(path)
        }
        for number in 0..<4 {
            let place = directories[below(directories.count)]
            _ = unsafe call_link(files[below(files.count)], "\(place)/l\(number)", 0)
            _ = unsafe call_symlink("../f\(number)", "\(place)/s\(number)")
        }
        _ = unsafe call_mknod("\(root)/fifo", 0o010644, 0, 0)
        look()
        for (number, path) in (files + others + directories.reversed()).enumerated() {
            let time = call_time(seconds: 1_000_000_000 + Int64(number), nanoseconds: 123_456_789)
            _ = unsafe call_utimens(path, [time, time], CALL_AT_SYMLINK_NOFOLLOW)
        }
    }

    private func put(_ file: Int32, _ count: Int, at offset: Int) {
        _ = unsafe call_pwrite(file, bytes(count), count, Int64(offset))
    }

    private func setAttribute(_ path: String) {
        _ = unsafe call_setxattr(path, "user.a", bytes(9), 9, 0)
    }

    /// What is there now.
    private func look() {
        (directories, files, others) = ([root], [], [])
        let names = (try? FileManager.default.subpathsOfDirectory(atPath: root)) ?? []
        for name in names.sorted() {
            var status = call_status()
            let path = "\(root)/\(name)"
            guard unsafe call_status(-100, path, CALL_AT_SYMLINK_NOFOLLOW, &status) >= 0 else {
                continue
            }
            switch status.mode & 0o170000 {
            case 0o040000: directories.append(path)
            case 0o100000: files.append(path)
            default: others.append(path)
            }
        }
    }

    // MARK: Changes

    func change(_ count: Int) {
        for _ in 0..<count {
            look()
            switch below(3) {
            case 0: changeData()
            case 1: changeNames()
            default: below(2) == 0 ? changeNames() : changeOthers()
            }
        }
    }

    private var any: String {
        let all = directories.dropFirst() + files + others
        return all.isEmpty ? "\(root)/none" : all[all.startIndex + below(all.count)]
    }

    private var file: String { files.isEmpty ? "\(root)/none" : files[below(files.count)] }
    private var directory: String { directories[below(directories.count)] }
    private var new: String { "\(directory)/n\(below(30))" }

    private func changeData() {
        if below(5) == 0 { return changeOpenFile() }
        let path = file
        guard let file = try? RawFile(path, RawFile.readWrite | (below(6) == 0 ? 0o1000 : 0)) else {
            return
        }
        let descriptor = file.descriptor
        let (offset, length) = (Int64(below(8)) * 4096, Int64(1 + below(3)) * 4096)
        switch below(9) {
        case 0: _ = call_ftruncate(descriptor, Int64(below(40_000)))
        case 1: _ = call_fallocate(descriptor, 3, offset, length)
        case 2: _ = call_fallocate(descriptor, 0x10, offset, length)
        case 3: _ = call_fallocate(descriptor, 8, offset, length)
        case 4: _ = call_fallocate(descriptor, 0x20, offset, length)
        case 5: store(descriptor)
        case 6: copy(descriptor)
        default: put(descriptor, [1, 100, 5000][below(3)], at: below(60_000))
        }
        if below(8) == 0, open.count < 6 { open.append(Int32(call_dup(descriptor))) }
    }

    /// A file that may have no name any more.
    private func changeOpenFile() {
        guard !open.isEmpty else { return }
        let file = open[below(open.count)]
        if below(4) == 0 {
            _ = call_ftruncate(file, Int64(below(20_000)))
        } else {
            put(file, 2000, at: below(30_000))
        }
    }

    private func store(_ descriptor: Int32) {
        guard call_lseek(descriptor, 0, 2) > 0,
            let memory = try? MappedMemory(descriptor, length: 4096, writable: true)
        else { return }
        _ = unsafe call_memory_write(memory.address, [7, 7, 7], 3)
        _ = unsafe call_msync(memory.address, 4096, 4)
    }

    private func copy(_ descriptor: Int32) {
        guard let source = try? RawFile(file) else { return }
        _ = call_copy_file_range(
            source.descriptor, Int64(below(3000)), descriptor, Int64(below(20_000)), 5000, 0)
    }

    private func changeNames() {
        switch below(13) {
        case 0: _ = try? RawFile(new, RawFile.readWrite | RawFile.create | 0o200)
        case 1, 2: _ = unsafe call_unlink(any)
        case 3: _ = unsafe call_rename(any, new, 1)
        case 4: _ = unsafe call_rename(any, new, 0)
        case 5: _ = unsafe call_rename(any, any, 0)
        case 6: _ = unsafe call_rename(any, any, 2)
        case 7:
            let path = any
            _ = unsafe call_rename(
                path, directory + "/" + (path.split(separator: "/").last ?? "x"), 0)
        case 8: _ = unsafe call_mkdir(new, 0o750)
        case 9: _ = unsafe call_rmdir(any)
        case 10:
            if below(3) == 0, directories.count > 1 {
                try? FileManager.default.removeItem(
                    atPath: directories[1 + below(directories.count - 1)])
            }
        case 11: _ = unsafe call_link(file, new, 0)
        default: replace(file)
        }
    }

    /// As editors write.
    private func replace(_ path: String) {
        guard let file = try? RawFile(path + "~", RawFile.readWrite | RawFile.create) else {
            return
        }
        put(file.descriptor, 300, at: 0)
        _ = unsafe call_rename(path + "~", path, 0)
    }

    private func changeOthers() {
        switch below(8) {
        case 0:
            _ = unsafe call_chmod(
                below(2) == 0 ? file : directory, [0o777, 0o640, 0o711][below(3)])
        case 1: _ = unsafe call_lchown(any, [0, 1, 1000][below(3)], [0, 1, 1000][below(3)])
        case 2:
            let time = call_time(seconds: Int64(below(2_000_000_000)), nanoseconds: 5)
            _ = unsafe call_utimens(any, [time, time], CALL_AT_SYMLINK_NOFOLLOW)
        case 3: setAttribute(below(2) == 0 ? file : directory)
        case 4: _ = unsafe call_removexattr(file, "user.a")
        case 5: _ = unsafe call_symlink("target", new)
        case 6: _ = unsafe call_mknod(new, 0o010644, 0, 0)
        default: _ = unsafe call_truncate(file, Int64(below(20_000)))
        }
    }
}
