import CPosixCalls
import Foundation
import LinuxKit
import Testing

/// All ways of reading, each a process with a file of its own, on one mount: with the gates open,
/// shut and open again. It is done once for each file system.
struct GateTable: Sendable {
    /// What a way did in each round.
    struct Answers: Sendable {
        /// Why it could not be prepared here.
        var unprepared: String?
        var open = ""
        /// Whether it ended while a filter held the reads of the shut gate.
        var endedWhileShut = false
        /// The answer to the read that may have been held.
        var shut = ""
        var failed = ""
        var openAgain = ""
    }

    /// The bytes of SOURCE's files: at first, from the shut gate on, and from before its opening.
    static let (before, during, after): (UInt8, UInt8, UInt8) = (7, 9, 11)

    private(set) var answers: [String: Answers] = [:]
    /// Of a file that was opened before the gate was shut.
    private(set) var route = ""

    static let tables: [GatedFileSystem: Result<GateTable, TestError>] = Dictionary(
        uniqueKeysWithValues: GatedFileSystem.allCases.filter { $0.whyNot == nil }.map { kind in
            do {
                return (kind, .success(try GateTable(kind)))
            } catch {
                return (kind, .failure(TestError("\(kind): \(error)")))
            }
        })

    private init(_ kind: GatedFileSystem) throws {
        let bench = try GateTableBench(kind)
        route = try bench.route(of: "pread")
        let open = try bench.round(0)
        try bench.rule("rule=**;read;hang;name=table")
        try bench.fill(with: Self.during)
        let early = try bench.roundWhileHeld(1)
        try bench.fill(with: Self.after)
        try bench.rule("remove=table")
        let shut = try bench.answers(ofRound: 1)
        try bench.rule("rule=**;read;errno=ENOSPC;name=table")
        let failed = try bench.round(2)
        try bench.rule("remove=table")
        let again = try bench.round(3)
        for way in ReadWay.all.map(\.name) {
            answers[way] = Answers(
                unprepared: bench.unprepared[way], open: open[way] ?? "",
                endedWhileShut: early.contains(way), shut: shut[way] ?? "",
                failed: failed[way] ?? "", openAgain: again[way] ?? "")
        }
    }
}

/// The mount and the processes of a table.
private final class GateTableBench {
    private struct Process {
        let program: RunningProgram
        let control: RawFile
        var lines: [String] { program.outputSoFar.split(separator: "\n").map(String.init) }
    }

    /// In bytes; each round reads a page of its own part.
    private static let (size, part) = (1 << 18, 1 << 16)
    /// Where a thread waits: at the gate, for the service, or for a device that waits for them.
    private static let waiting = [
        "fanotify_handle_event", "request_wait_answer", "folio_wait_bit_common", "fuse_direct_IO",
        "submit_bio_wait",
    ]

    private let mount: LiveMount
    private let disk: MemoryDisk?
    private var processes: [String: Process] = [:]
    private(set) var unprepared: [String: String] = [:]

    init(_ kind: GatedFileSystem) throws {
        var disk: MemoryDisk?
        mount = try LiveMount(options: "allow_other,auto_size=0,bypass=auto", filters: ["fault"]) {
            // The folder of the tests lies on ext4.
            disk =
                kind == .ext4
                ? nil : try MemoryDisk(kind.rawValue, megabytes: GatedFileSystem.megabytes, at: $0)
            try Self.makeFiles(in: $0)
        }
        self.disk = disk
        let program = try #require(BuiltPrograms.readWays)
        let own = try mount.folder.makeFolder("own")
        for way in ReadWay.all.map(\.name) {
            let pipe = mount.folder.path("\(way).control")
            try #require(unsafe call_mknod(pipe, 0o010600, 0, 0) == 0)
            let control = try RawFile(pipe, RawFile.readWrite)
            let words = [way, "\(mount.mountpoint)/\(way)", "\(mount.source)/\(way)", own, pipe]
            processes[way] = Process(
                program: try RunningProgram(Program(program, words)), control: control)
        }
        try waitUntil { $0.lines.count >= 1 }
        for (way, process) in processes where process.lines.first != "ready" {
            unprepared[way] = process.lines.first ?? "ended"
        }
        for way in unprepared.keys { processes[way] = nil }
    }

    deinit {
        // First, since their files and devices keep the mount busy.
        processes = [:]
    }

    private static func makeFiles(in source: String) throws {
        for way in ReadWay.all.map(\.name) {
            if way.hasPrefix("exec") {
                try FileManager.default.copyItem(atPath: "/bin/true", toPath: "\(source)/\(way)")
            } else {
                try Data(repeating: GateTable.before, count: size)
                    .write(to: URL(fileURLWithPath: "\(source)/\(way)"))
            }
        }
    }

    /// Changes the files in SOURCE, past the mount.
    func fill(with value: UInt8) throws {
        let bytes = [UInt8](repeating: value, count: Self.size)
        for way in ReadWay.all.map(\.name) where !way.hasPrefix("exec") {
            let file = try RawFile("\(mount.source)/\(way)", RawFile.readWrite)
            let count = unsafe call_pwrite(file.descriptor, bytes, bytes.count, 0)
            try #require(count == bytes.count)
        }
    }

    func route(of way: String) throws -> String {
        let state = try mount.facts("state", "\(mount.mountpoint)/\(way)")
        let handles = try #require(state["handles"] as? [[String: Any]])
        return try #require(handles.first?["route"] as? String)
    }

    func rule(_ setting: String) throws {
        let program = try #require(BuiltPrograms.bypassio)
        let outcome = try Program(program, ["set", "fault", setting, mount.mountpoint])
            .run(within: 60)
        try #require(outcome.code == 0, "\(outcome)")
    }

    func round(_ number: Int) throws -> [String: String] {
        begin(number)
        return try answers(ofRound: number)
    }

    /// Returns the ways that ended, when all others wait.
    func roundWhileHeld(_ number: Int) throws -> Set<String> {
        begin(number)
        try waitUntil { $0.lines.count >= number + 2 || Self.waits($0) }
        return Set(processes.filter { $0.value.lines.count >= number + 2 }.keys)
    }

    func answers(ofRound number: Int) throws -> [String: String] {
        try waitUntil { $0.lines.count >= number + 2 }
        return processes.mapValues { $0.lines[number + 1] }
    }

    private func begin(_ number: Int) {
        let line = Array("\(number * Self.part)\n".utf8)
        for process in processes.values {
            _ = unsafe call_write(process.control.descriptor, line, line.count)
        }
    }

    private func waitUntil(_ isSo: (Process) -> Bool) throws {
        var left = processes
        for _ in 0..<6000 where !left.isEmpty {
            left = left.filter { !isSo($0.value) && $0.value.program.isRunning }
            if !left.isEmpty { usleep(10_000) }
        }
        guard left.isEmpty else { throw TestError("without an answer: \(left.keys.sorted())") }
    }

    private static func waits(_ process: Process) -> Bool {
        let own = process.program.identifier
        let children = KernelFile.text("/proc/\(own)/task/\(own)/children") ?? ""
        return ([own] + children.split(separator: " ").compactMap { Int64($0) }).contains { id in
            let tasks = "/proc/\(id)/task"
            let threads = (try? FileManager.default.contentsOfDirectory(atPath: tasks)) ?? []
            return threads.contains { thread in
                let stack = KernelFile.text("\(tasks)/\(thread)/stack") ?? ""
                return waiting.contains { stack.contains($0) }
            }
        }
    }
}
