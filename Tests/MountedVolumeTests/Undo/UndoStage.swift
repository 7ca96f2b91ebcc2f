import CPosixCalls
import Foundation

/// A directory, a store beside it, and a mount with the filter `undo`, which comes and goes.
final class UndoStage {
    let folder: TestFolder
    let source: String
    let mountpoint: String
    let store: String
    private var service: RunningProgram?

    /// - Parameters:
    ///   - place: where the directory and the store are; nil for the folder of tests.
    ///   - store: another place for the store.
    init(in place: String? = nil, store other: String? = nil) throws {
        folder = try TestFolder()
        let base = place ?? folder.path
        source = "\(base)/source"
        store = other ?? "\(base)/store"
        mountpoint = try folder.makeFolder("mount")
        try FileManager.default.createDirectory(
            atPath: source, withIntermediateDirectories: false)
    }

    deinit { unmount() }

    /// Returns when the mount answers.
    func mount(_ settings: String = "", options: String = "allow_other") throws {
        let program = try MountCommand.chosen.program(
            source: source, mountpoint: mountpoint, options: options,
            filters: ["undo,store=\(store)\(settings)"])
        guard let program else { throw TestError("no service") }
        let service = try RunningProgram(program)
        self.service = service
        let end = Date(timeIntervalSinceNow: 60)
        while MountTable.fileSystem(at: mountpoint) == nil {
            guard service.isRunning, Date() < end else {
                throw TestError("no mount: \(service.errorsSoFar)")
            }
            usleep(2000)
        }
    }

    var serviceIdentifier: Int64 { service?.identifier ?? 0 }

    func unmount() { end(SIGTERM) }

    /// The service dies at once, and so does the mount.
    func kill() { end(SIGKILL) }

    private func end(_ signal: Int32) {
        guard let service else { return }
        service.signal(signal)
        if service.wait(within: 20) == nil {
            service.signal(SIGKILL)
            _ = service.wait(within: 5)
        }
        self.service = nil
        while MountTable.fileSystem(at: mountpoint) != nil {
            guard unsafe call_umount(mountpoint, 2) == 0 else { return }
        }
    }

    /// In the mounted directory, or beneath it.
    @discardableResult
    func shell(_ line: String, mounted: Bool = true) throws -> Program.Outcome {
        let outcome = try Program.shell(line, in: mounted ? mountpoint : source).run(within: 60)
        guard outcome.code == 0 else { throw TestError("\(line): \(outcome)") }
        return outcome
    }

    func undo(_ words: String...) throws -> Program.Outcome { try undo(words) }

    func undo(_ words: [String]) throws -> Program.Outcome {
        guard let command = BuiltPrograms.bypassio else { throw TestError("no command") }
        return try Program(command, ["undo"] + words + ["--store", store], in: source)
            .run(within: 120)
    }

    var sessions: [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: store)) ?? []
    }
}

/// All that a revert gives back: names, kinds, modes, owners, times of modification, sizes, data,
/// holes, links, extended attributes.
struct UndoSnapshot {
    private(set) var lines: [String] = []
    private let seesHoles: Bool

    init(of root: String, holes: Bool = true) throws {
        seesHoles = holes
        var groups: [UInt64: [String]] = [:]
        let names = try FileManager.default.subpathsOfDirectory(atPath: root).sorted()
        for name in [""] + names {
            let path = name.isEmpty ? root : "\(root)/\(name)"
            var status = call_status()
            guard unsafe call_status(-100, path, CALL_AT_SYMLINK_NOFOLLOW, &status) >= 0 else {
                throw TestError("statx \(path)")
            }
            let isDirectory = status.mode & 0o170000 == 0o040000
            if !isDirectory { groups[status.inode, default: []].append(name) }
            lines.append(
                "\(name) \(String(status.mode, radix: 8)) \(status.user):\(status.group) "
                    + "\(status.modified.seconds).\(status.modified.nanoseconds) "
                    + "\(isDirectory ? 0 : status.size) \(isDirectory ? 0 : status.links) "
                    + "\(status.special_major):\(status.special_minor)" + attributes(path)
                    + (try content(path, status)))
        }
        lines += groups.values.filter { $0.count > 1 }.map { "one file: \($0)" }.sorted()
    }

    private func content(_ path: String, _ status: call_status) throws -> String {
        switch status.mode & 0o170000 {
        case 0o120000:
            return " → " + (try FileManager.default.destinationOfSymbolicLink(atPath: path))
        case 0o100000:
            let data = try Data(contentsOf: URL(fileURLWithPath: path))
            let sum = data.reduce(into: UInt64(14_695_981_039_346_656_037)) { sum, byte in
                sum = (sum ^ UInt64(byte)) &* 1_099_511_628_211
            }
            return " \(String(sum, radix: 16))" + (seesHoles ? try holes(path, status.size) : "")
        default: return ""
        }
    }

    private func holes(_ path: String, _ size: UInt64) throws -> String {
        let file = try RawFile(path)
        var places: [Int64] = []
        var place: Int64 = 0
        while place < Int64(size) {
            let data = call_lseek(file.descriptor, place, 3)
            guard data >= 0 else { break }
            place = call_lseek(file.descriptor, data, 4)
            places += [data, place]
        }
        return " data \(places)"
    }

    private func attributes(_ path: String) -> String {
        var list = [UInt8](repeating: 0, count: 65_536)
        let count = unsafe call_llistxattr(path, &list, list.count)
        let names = list.prefix(max(0, Int(count))).split(separator: 0).map {
            String(decoding: $0, as: UTF8.self)
        }
        return names.sorted().map { name in
            var value = [UInt8](repeating: 0, count: 65_536)
            let size = unsafe call_lgetxattr(path, name, &value, value.count)
            return " \(name)=\(value.prefix(max(0, Int(size))))"
        }.joined()
    }

    /// What is other than in an earlier one.
    func differences(from other: UndoSnapshot) -> [String] {
        let (mine, theirs) = (Set(lines), Set(other.lines))
        return other.lines.filter { !mine.contains($0) }.map { "- \($0)" }
            + lines.filter { !theirs.contains($0) }.map { "+ \($0)" }
    }
}
