import Foundation
import SystemPackage
import Terminal
import Testing

@testable import BypassIOBench

@Suite struct WorkingDayTests {
    private static let missing = WorkingDay.programs.filter { ChildProcess.path(of: $0) == nil }

    /// A bench's folder has its process' number; other tests of this one have theirs.
    private func within(_ body: (BenchFolder) throws -> Void) throws {
        let parent = "/var/tmp/bypassio-day-\(UUID().uuidString)"
        try FileManager.default.createDirectory(
            atPath: parent, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: parent) }
        let folder = try BenchFolder(in: FilePath(parent))
        try body(folder)
        folder.remove()
        #expect(try FileManager.default.contentsOfDirectory(atPath: parent).isEmpty)
    }

    @Test(
        "each step of a day is done and timed, on the directory itself, and nothing is left",
        .enabled(if: missing.isEmpty, "programs of a day are missing: \(missing)"))
    func native() throws {
        try within { folder in
            let from = folder.path.appending("from")
            try FileManager.default.createDirectory(
                atPath: from.string, withIntermediateDirectories: false)
            try WorkingDay.prepare(in: from)
            let script = folder.path.appending("day.sh")
            try Data(WorkingDay.script.utf8).write(to: URL(fileURLWithPath: script.string))
            let surface = try #require(DaySurface.all(in: folder).first)
            let times = try surface.spend(script, from: from, program: "/nowhere", in: folder)
            #expect(times.keys.sorted() == WorkingDay.steps.map(\.name).sorted())
            #expect(times.values.allSatisfy { $0 > 0 })
            let directory = surface.directory
            let left = try FileManager.default.contentsOfDirectory(atPath: directory.string)
            #expect(left.sorted() == ["large", "project", "repository"])
            let program = directory.appending("project/program").string
            #expect(FileManager.default.isExecutableFile(atPath: program))
        }
    }

    @Test("a step that fails ends the day, and is named")
    func failing() throws {
        try within { folder in
            let script = folder.path.appending("day.sh")
            for (text, words) in [("echo broken >&2; exit 3", "broken"), ("exit 0", "step clone")] {
                try Data(text.utf8).write(to: URL(fileURLWithPath: script.string))
                let surface = try #require(DaySurface.all(in: folder).first)
                let error = #expect(throws: BenchError.self) {
                    try surface.spend(script, from: folder.path, program: "/nowhere", in: folder)
                }
                #expect(error?.kind == .route)
                #expect(error?.description.contains(words) == true)
            }
        }
    }

    @Test("a surface is compared with native in the same round")
    func ratios() throws {
        let times: [String: [[String: UInt64]]] = [
            "native": [["status": 1_000_000_000], ["status": 2_000_000_000]],
            "guard": [["status": 3_000_000_000], ["status": 2_000_000_000]],
        ]
        let report = DayReport(
            command: "bypassio bench --day", machine: Machine(folder: "/var/tmp"), seconds: 8,
            rounds: 2, surfaces: ["native", "guard"], times: times,
            leftOut: [DayReport.LeftOut(surface: "bindfs", reason: "bindfs is not installed.")])
        let rows = report.rows
        #expect(rows.map(\.surface) == ["native", "guard"])
        #expect(rows.map(\.goal) == [nil, 1.5])
        #expect(rows[0].timesNative == nil)
        #expect(rows[1].timesNative?.median == 2)
        #expect(rows[1].timesNative?.min == 1 && rows[1].timesNative?.max == 3)
        #expect(report.lines.contains { $0.contains("2.00 ×") && $0.contains("≤ 1.50 ×") })
        #expect(report.lines.contains("Left out: bindfs: bindfs is not installed."))
        #expect(report.markdown.contains("bypassio bench --day"))
    }
}
